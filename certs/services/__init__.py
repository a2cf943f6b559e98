"""What doors may call: each function is one act, used by the screens, the commands and the worker alike.

Each asks whether its actor may do it, and puts it on record.
"""

from __future__ import annotations

from certs.services.authority import AuthorityOrder, is_name_taken, make_authority
from certs.services.calendar import calendar_token, renew_calendar
from certs.services.former import FormerAuthority, former_authorities, is_former, list_former
from certs.services.generations import back_to_generation, install_generation, try_again
from certs.services.installing import Delivery, Examined, examine_pair, install_pair, lost_names
from certs.services.keys import open_key
from certs.services.making import (
    CertificateOrder,
    Renewal,
    find_in_use,
    list_former_due,
    make_certificate,
    make_order,
    propose_subject,
    renew_all,
    renew_certificate,
    renew_due,
    renew_former,
)
from certs.services.overlaps import tell_overlaps
from certs.services.probing import check, request_check
from certs.services.reconciling import put_back, reconcile, request_put_back
from certs.services.serving import choose_default, publish_again, remove_certificate

__all__ = [
    "AuthorityOrder",
    "CertificateOrder",
    "Delivery",
    "Examined",
    "FormerAuthority",
    "Renewal",
    "back_to_generation",
    "calendar_token",
    "check",
    "choose_default",
    "examine_pair",
    "find_in_use",
    "former_authorities",
    "install_generation",
    "install_pair",
    "is_former",
    "is_name_taken",
    "list_former",
    "list_former_due",
    "lost_names",
    "make_authority",
    "make_certificate",
    "make_order",
    "open_key",
    "propose_subject",
    "publish_again",
    "put_back",
    "reconcile",
    "remove_certificate",
    "renew_all",
    "renew_calendar",
    "renew_certificate",
    "renew_due",
    "renew_former",
    "request_check",
    "request_put_back",
    "tell_overlaps",
    "try_again",
]
