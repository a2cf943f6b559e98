"""The way from a leaf to a root, where issuers are cross-signed, expired, or weak."""

from __future__ import annotations

import pytest

from certs.domain import errors
from tests.certs.domain.test_pair import DAY, KEY, LEAF, MIDDLE, NOW, ROOT, check, key_pem, make, pem

OTHER_ROOT = make("Other root", ca=True, end=NOW + 3650 * DAY)


def cross_signed(authority, issuer, **more):
    """The same name and key, signed by another."""
    return make(authority[0].subject.rfc4514_string().removeprefix("CN="), issuer, ca=True, key=authority[1], **more)[0]


def test_of_two_ways_the_one_to_the_root_that_was_brought_along():
    crossed = cross_signed(MIDDLE, OTHER_ROOT)
    for order in ((crossed, MIDDLE[0], ROOT[0]), (MIDDLE[0], crossed, ROOT[0])):
        assert check(pem(LEAF, *order), key_pem(KEY)).pair.full_chain == pem(LEAF, MIDDLE[0])


@pytest.mark.parametrize("is_first", [True, False])
def test_a_cross_signed_issuer_that_has_ended_does_not_stand_in_the_way(is_first):
    """As the one by which Let's Encrypt was known to old devices."""
    ended = cross_signed(MIDDLE, OTHER_ROOT, start=NOW - 9 * DAY, end=NOW - DAY)
    order = (ended, MIDDLE[0]) if is_first else (MIDDLE[0], ended)
    assert check(pem(LEAF, *order), key_pem(KEY)).pair.full_chain == pem(LEAF, MIDDLE[0])


def test_the_longest_way_where_no_root_was_brought_along():
    top = cross_signed(ROOT, OTHER_ROOT)
    assert check(pem(LEAF, top, MIDDLE[0]), key_pem(KEY)).pair.full_chain == pem(LEAF, MIDDLE[0], top)


def test_two_that_have_signed_each_other_are_no_endless_way():
    first = make("A", ca=True)
    second = make("B", first, ca=True)
    first_by_second = cross_signed(first, second)
    leaf, key = make("webelexis.nuno", second)
    assert check(pem(leaf, second[0], first_by_second), key_pem(key)).pair.full_chain == pem(
        leaf, second[0], first_by_second
    )


def test_the_only_issuer_that_has_ended_is_named():
    ended = cross_signed(MIDDLE, ROOT, start=NOW - 9 * DAY, end=NOW - DAY)
    with pytest.raises(errors.CertificateExpiredError) as refused:
        check(pem(LEAF, ended), key_pem(KEY))
    assert refused.value.subject == "Middle"


def test_an_issuer_that_has_ended_higher_up_is_named():
    ended = make("Root", ca=True, key=ROOT[1], start=NOW - 9 * DAY, end=NOW - DAY)[0]
    with pytest.raises(errors.CertificateExpiredError) as refused:
        check(pem(LEAF, MIDDLE[0], ended), key_pem(KEY))
    assert refused.value.subject == "Root"


def test_a_namesake_of_the_issuer_with_another_key_is_none():
    stranger = make("Middle", ROOT, ca=True)[0]
    with pytest.raises(errors.ChainIncompleteError):
        check(pem(LEAF, stranger), key_pem(KEY))


def test_twenty_that_have_all_signed_each_other_are_judged_at_once():
    """Every way but the shortest would be more ways than there are seconds."""
    key = MIDDLE[1]
    many = [cross_signed((make("Middle", ca=True, key=key)[0], key), (MIDDLE[0], key)) for _number in range(18)]
    assert check(pem(LEAF, *many), key_pem(KEY)).pair.certificate == pem(LEAF)
