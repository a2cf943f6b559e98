"""What doors may call: each function is one act, used by the screens, the commands and the worker alike.

Each that changes something asks whether its actor may do it, and puts it on record.
"""

from __future__ import annotations

from selfservice.services.comparing import Difference, default_of, differences_of, fill, keep_ours, take_over, values_of
from selfservice.services.detecting import ask_installed, detect
from selfservice.services.looking import Look, ask_look, look
from selfservice.services.mailing import next_appointment, request_mail, send_mail
from selfservice.services.offering import Offers, ask_offers, read_offers
from selfservice.services.restarting import can_restart, check_page, request_check, request_restart, restart
from selfservice.services.versions import compare_versions, go_back
from selfservice.services.writing import (
    Change,
    ask_change,
    ask_return,
    finish_waiting,
    preview,
    preview_return,
    request_write,
    write_now,
    write_version,
)

__all__ = [
    "Change",
    "Difference",
    "Look",
    "Offers",
    "ask_change",
    "ask_installed",
    "ask_look",
    "ask_offers",
    "ask_return",
    "can_restart",
    "check_page",
    "compare_versions",
    "default_of",
    "detect",
    "differences_of",
    "fill",
    "finish_waiting",
    "go_back",
    "keep_ours",
    "look",
    "next_appointment",
    "preview",
    "preview_return",
    "read_offers",
    "request_check",
    "request_mail",
    "request_restart",
    "request_write",
    "restart",
    "send_mail",
    "take_over",
    "values_of",
    "write_now",
    "write_version",
]
