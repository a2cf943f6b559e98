"""A login at a mail server with user and password in UTF-8, as nodemailer does it; Python's own knows ASCII alone."""

from __future__ import annotations

import hmac
import smtplib
from base64 import b64decode, b64encode

_GOOD, _GO_ON = 235, 334
_Answer = tuple[int, bytes]


def log_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """One attempt, by the first way that the server offers: many providers lock an account after a few.

    Raises ``smtplib.SMTPNotSupportedError``, ``smtplib.SMTPAuthenticationError``.
    """
    smtp.ehlo_or_helo_if_needed()
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    way = next((way for name, way in _WAYS.items() if name in offered), None)
    if way is None:
        raise smtplib.SMTPNotSupportedError("no login that we know is offered")
    code, answer = way(smtp, user.encode(), password.encode())
    if code != _GOOD:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _plain(smtp: smtplib.SMTP, user: bytes, password: bytes) -> _Answer:
    return smtp.docmd("AUTH", "PLAIN " + _coded(b"\0" + user + b"\0" + password))


def _login(smtp: smtplib.SMTP, user: bytes, password: bytes) -> _Answer:
    code, answer = smtp.docmd("AUTH", "LOGIN")
    for word in (user, password):
        if code != _GO_ON:
            break
        code, answer = smtp.docmd(_coded(word))
    return code, answer


def _cram_md5(smtp: smtplib.SMTP, user: bytes, password: bytes) -> _Answer:
    code, answer = smtp.docmd("AUTH", "CRAM-MD5")
    if code != _GO_ON:
        return code, answer
    try:
        challenge = b64decode(answer)
    except ValueError:
        return code, answer  # no proof of anything can be made of it
    proof = hmac.new(password, challenge, "md5").hexdigest()
    return smtp.docmd(_coded(user + b" " + proof.encode()))


def _coded(content: bytes) -> str:
    return b64encode(content).decode()


#: In the order in which nodemailer, and so Webelexis, takes them.
_WAYS = {"PLAIN": _plain, "LOGIN": _login, "CRAM-MD5": _cram_md5}
