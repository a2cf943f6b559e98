"""What doors may call: each function is one act, used by the screens, the commands and the worker alike.

Each asks whether its actor may do it, and puts it on record.
"""

from __future__ import annotations

from certs.services.authority import AuthorityOrder, make_authority
from certs.services.calendar import calendar_token, renew_calendar
from certs.services.generations import (
    back_to_generation,
    choose_default,
    install_generation,
    publish_again,
    remove_certificate,
    try_again,
)
from certs.services.installing import Delivery, install_pair
from certs.services.keys import open_key
from certs.services.making import (
    CertificateOrder,
    make_certificate,
    make_order,
    renew_all,
    renew_certificate,
    renew_due,
)
from certs.services.probing import check, request_check
from certs.services.reconciling import put_back, reconcile, request_put_back

__all__ = [
    "AuthorityOrder",
    "CertificateOrder",
    "Delivery",
    "back_to_generation",
    "calendar_token",
    "check",
    "choose_default",
    "install_generation",
    "install_pair",
    "make_authority",
    "make_certificate",
    "make_order",
    "open_key",
    "publish_again",
    "put_back",
    "reconcile",
    "remove_certificate",
    "renew_all",
    "renew_calendar",
    "renew_certificate",
    "renew_due",
    "request_check",
    "request_put_back",
    "try_again",
]
