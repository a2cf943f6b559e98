"""The CA of the practice was replaced: what it has signed is marked, renewed in one go, and its root stays at hand."""

from __future__ import annotations

import pytest
from calling import call_json
from certificates import NAME, made, self_signed, uploads_of
from cryptography import x509
from django.urls import reverse
from django.utils import timezone

from certs import facts, services
from certs.domain.errors import AuthorityNameTakenError
from certs.forms import AuthorityForm
from certs.models import Certificate, CertificateAuthority
from certs.services import adopting
from oobsite.accounts.actors import system_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "certs_site")]
MARK = "signed by the former CA"


def make_authority(name: str, **wanted) -> CertificateAuthority:
    order = services.AuthorityOrder(name, is_replacing=True, **wanted)
    return services.make_authority(system_actor(), order)


@pytest.fixture
def former():
    """A certificate of a CA that another has replaced."""
    make_authority("Praxis CA", permitted=["nuno"])
    certificate = made()
    make_authority("Praxis CA 2")
    return certificate


def install_all() -> None:
    for certificate in Certificate.objects.all():
        for generation in certificate.generations.filter(state="pending"):
            services.install_generation(generation.pk)


PAGES = ["/", "/certs/certificate/", "/certs/certificate/{pk}/change/"]


@pytest.mark.parametrize("path", PAGES)
def test_what_the_ca_before_has_signed_is_marked_until_it_is_renewed(owner, former, path):
    made("pacs.nuno")
    address = path.format(pk=former.pk)
    assert owner.get(address).content.decode().count(MARK) == 1
    services.renew_former(system_actor())
    install_all()
    assert MARK not in owner.get(address).content.decode()


def test_its_page_says_what_to_do(owner, former):
    page = owner.get(f"/certs/certificate/{former.pk}/change/").content.decode()
    assert "the signature of the former practice CA “Praxis CA”" in page
    assert "knows the present one alone, “Praxis CA 2”, warns" in page


def test_what_nobody_of_ours_has_signed_is_not_marked(former):
    made("own.nuno", way="self-signed")
    services.install_pair(system_actor(), services.Delivery(uploads_of(self_signed("pacs.nuno"))))
    assert services.list_former() == [former]


def test_one_step_back_brings_the_mark_back(former):
    services.renew_former(system_actor())
    install_all()
    assert services.list_former() == []
    first = former.generations.get(number=1)
    services.back_to_generation(system_actor(), first)
    services.install_generation(first.pk)
    assert services.list_former() == [former]


def test_one_button_renews_them_all(owner, former):
    assert reverse("certs:former-renew") in owner.get("/certs/certificate/").content.decode()
    page = owner.post(reverse("certs:former-renew"), follow=True).content.decode()
    assert "One certificate is made anew" in page
    assert reverse("certs:former-renew") not in page
    waiting = former.generations.get(state="pending")
    leaf = x509.load_pem_x509_certificate(waiting.chain.encode())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(CertificateAuthority.active().certificate.encode()))


def test_a_second_press_makes_no_second_one_and_says_so(owner, former):
    assert len(services.renew_former(system_actor()).made) == 1
    page = owner.post(reverse("certs:former-renew"), follow=True).content.decode()
    assert "under way already" in page
    assert former.generations.count() == 2


def test_a_name_that_the_present_ca_may_not_sign_is_said(owner, former):
    make_authority("Praxis CA 3", permitted=["praxis.ch"])
    page = owner.post(reverse("certs:former-renew"), follow=True).content.decode()
    assert "“webelexis.nuno” is not renewed. The practice CA may not sign" in page
    assert services.list_former() == [former]


def test_the_former_root_is_at_hand_while_it_is_needed(owner, former):
    before = CertificateAuthority.objects.get(in_use=None)
    address = reverse("certs:former-root", args=[before.pk, "crt"])
    assert address in owner.get(reverse("certs:devices")).content.decode()
    answer = owner.get(address)
    assert answer.content.decode() == before.certificate
    assert before.fingerprint[:8] in answer["Content-Disposition"]
    services.renew_former(system_actor())
    install_all()
    assert owner.get(address).status_code == 404
    assert address not in owner.get(reverse("certs:devices")).content.decode()


def test_the_devices_page_tells_the_two_roots_apart(owner, former):
    page = owner.get(reverse("certs:devices")).content.decode()
    assert "Root certificate in use: Praxis CA 2" in page
    assert "Former root certificate: Praxis CA<" in page
    assert "Needed only until these are renewed: webelexis.nuno" in page
    assert all(facts.read_root(one).fingerprint in page for one in CertificateAuthority.objects.all())


def test_checkcerts_names_them_and_is_not_content(former):
    Certificate.objects.update(probe_host="127.0.0.1", probe_port=1)
    code, told = call_json("checkcerts")
    assert (code, told["certificates"][0]["is_former"]) == (1, True)
    (line,) = told["open"]
    assert NAME in line
    assert "renewcerts --former-ca" in line


def test_renewcerts_renews_them_all(former):
    made("pacs.nuno")
    code, told = call_json("renewcerts", "--former-ca")
    assert (code, [one["name"] for one in told["renewed"]]) == (0, [NAME])
    assert call_json("renewcerts", "--former-ca")[1]["renewed"] == []
    assert not call_json("listcerts")[1]["certificates"][0]["is_former"]


def test_a_pair_of_a_former_ca_that_is_found_on_the_disk_can_be_renewed(former):
    leaf = x509.load_pem_x509_certificate(former.current.chain.encode())
    assert adopting._way_of(leaf) == Certificate.Way.AUTHORITY


# --- the next CA --------------------------------------------------------------------------------------------
def test_the_next_ca_gets_another_name_each_time(settings):
    settings.OOB_PRACTICE_NAME = "Praxis Muster"
    year = timezone.localdate().year
    for wanted in ("Praxis Muster CA", f"Praxis Muster CA {year}", f"Praxis Muster CA {year}-2"):
        name = AuthorityForm(present=CertificateAuthority.active()).initial["common_name"]
        assert name == wanted
        make_authority(name)


def test_a_name_that_a_ca_had_is_refused(owner, former):
    with pytest.raises(AuthorityNameTakenError):
        make_authority("praxis ca")
    fields = {"common_name": "Praxis CA", "country": "CH", "confirmation": "Praxis CA 2"}
    assert "could not be told apart" in owner.post(reverse("certs:authority"), fields).content.decode()
    assert CertificateAuthority.active().common_name == "Praxis CA 2"


def test_limits_and_subject_are_carried_over(owner):
    fields = {"common_name": "Praxis CA", "country": "LI", "place": "Vaduz", "permitted": "nuno\npraxis.li"}
    owner.post(reverse("certs:authority"), fields)
    answer = owner.get(reverse("certs:authority"))
    initial = answer.context["form"].initial
    assert (initial["country"], initial["place"], initial["permitted"]) == ("LI", "Vaduz", "nuno\npraxis.li")
    assert "The present CA may sign for these names only: nuno, praxis.li." in answer.content.decode()


@pytest.mark.parametrize("country", ["XX", "C1", "ß", "UK"])
def test_letters_of_no_country_are_refused(owner, country):
    page = owner.post(reverse("certs:authority"), {"common_name": "Praxis CA", "country": country}).content.decode()
    assert "No country has these letters" in page
    assert CertificateAuthority.active() is None


@pytest.mark.parametrize(
    ("site", "is_told"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("https://oobsite.nuno", False),
        ("http://192.168.1.20:8000", False),
    ],
)
def test_an_address_that_no_phone_can_open_is_said(owner, settings, site, is_told):
    make_authority("Praxis CA")
    settings.OOB_URL = site
    page = owner.get(reverse("certs:devices")).content.decode()
    assert ("local-address" in page) is is_told
