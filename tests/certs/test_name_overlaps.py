"""A name that stands on the certificates of two services is said: which of the two the proxy serves is chance."""

from __future__ import annotations

import pytest
from calling import call_json
from certificates import NAME, made, page_of, self_signed, uploads_of
from django.urls import reverse

from certs import services
from certs.domain.names import parse_names
from certs.models import Certificate
from oobsite.accounts.actors import system_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "authority")]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("pacs.nuno", "appserver.nuno"), "is good for appserver.nuno too, and which of the two"),
        (("x.praxis.ch",), "is good for x.praxis.ch already, by its star"),
    ],
)
def test_a_name_that_another_certificate_has_is_said_in_the_preview_and_afterwards(owner, names, words):
    made(NAME, "appserver.nuno", "*.praxis.ch")
    fields = {"name": names[0], "other_names": "\n".join(names[1:]), "way": "ca", "key_kind": "ec-p256"}
    page = owner.post(reverse("certs:new"), {**fields, "preview": ""}).content.decode()
    assert f"“{NAME}” {words}" in page
    owner.post(reverse("certs:new"), {**fields, "make": ""})
    assert words in owner.get(page_of(Certificate.objects.get(name=names[0]))).content.decode()


def test_what_is_renewed_or_good_for_a_name_of_nobody_is_no_overlap():
    certificate = made(NAME, "appserver.nuno")
    assert list(services.tell_overlaps(certificate.names)) == []
    assert list(services.tell_overlaps(parse_names(["pacs.nuno", "*.appserver.nuno"]))) == []


def test_makecert_says_which_name_another_certificate_has():
    made(NAME, "appserver.nuno")
    (remark,) = call_json("makecert", "appserver.nuno")[1]["remarks"]
    assert "appserver.nuno" in remark
    assert NAME in remark


def test_a_pair_that_is_brought_along_says_it_too():
    made(NAME, "appserver.nuno")
    delivery = services.Delivery(uploads_of(self_signed("appserver.nuno")))
    (notice,) = services.install_pair(system_actor(), delivery).notices
    assert notice == {"code": "pair-names-shared", "params": {"names": ["appserver.nuno"], "other": NAME}}
