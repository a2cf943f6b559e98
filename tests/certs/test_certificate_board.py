"""Certificates on the first screen, and what is weak is marked wherever it is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from certificates import NAME, make_stored_certificate
from django.utils import timezone

from certs.board import certificate_board
from tests.people import make_user
from tests.weakpairs import weak_pair

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("certs_site", "pages")]


@pytest.fixture
def owner_client(client):
    client.force_login(make_user())
    return client


def test_those_that_end_first_come_first():
    certificates = [make_stored_certificate(f"a{number}.nuno") for number in range(7)]
    for days, certificate in enumerate(reversed(certificates), start=1):
        certificate.generations.update(ends_at=timezone.now() + timedelta(days=days, hours=1))
    board = certificate_board(timezone.now())
    assert [line.certificate.name for line in board.lines] == [f"a{number}.nuno" for number in (6, 5, 4, 3, 2)]
    assert [line.validity.level for line in board.lines] == ["bad"] * 5
    assert board.more == 2


def test_the_first_screen_names_it(owner_client):
    make_stored_certificate()
    assert NAME in owner_client.get("/").content.decode()


def test_without_certificates_the_first_screen_says_nothing_of_them(owner_client):
    assert 'id="certificates"' not in owner_client.get("/").content.decode()


@pytest.mark.parametrize("path", ["/", "/certs/certificate/", "/certs/certificate/{pk}/change/"])
def test_a_weak_key_is_marked_on_every_page(owner_client, path):
    certificate = make_stored_certificate()
    certificate.generations.update(chain=weak_pair().full_chain.decode())
    text = owner_client.get(path.format(pk=certificate.pk)).content.decode()
    assert "RSA 1024" in text
