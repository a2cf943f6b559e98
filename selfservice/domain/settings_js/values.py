"""The keys that are ours, and how their values look in JavaScript."""

from __future__ import annotations

import math
import re

Value = str | int | float | bool | None

_SCHEDULE = (
    "minDuration", "maxPerDay", "resource", "terminTyp", "sitename", "sitemail", "siteaddr", "sitephone", "confirm",
)  # fmt: skip
_SMTP = ("host", "port", "user", "pwd")
#: Every key that Webelexis reads for the appointments, in the order of a new file.
KEYS: tuple[str, ...] = (*(f"schedule.{key}" for key in _SCHEDULE), *(f"smtp.{key}" for key in _SMTP))
SECTIONS: tuple[str, ...] = ("schedule", "smtp")

_NUMBER = re.compile(r"(0|[1-9][0-9_]*)(\.[0-9_]*)?([eE][+-]?[0-9_]+)?|\.[0-9][0-9_]*([eE][+-]?[0-9_]+)?")
_ESCAPE = re.compile(
    r"\\(?:(\r\n|[\n\r\u2028\u2029])|u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})"
    r"|([0-3][0-7]{0,2}|[4-7][0-7]?)|(.))",
    re.DOTALL,
)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_WRITTEN = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\\": "\\\\"}
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def decode_string(body: str) -> str:
    """What JavaScript makes of the text between two quotes."""
    text = _ESCAPE.sub(_unescape, body)
    # Two halves of a sign outside the first plane are one sign; a lone half stays one.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def decode_template(body: str) -> str:
    """What JavaScript makes of the text between backquotes: every line end in it is a newline."""
    return decode_string(re.sub(r"\r\n?", "\n", body))


def _unescape(match: re.Match[str]) -> str:
    line_end, braced, four, two, octal, other = match.groups()
    if line_end:
        return ""
    if braced or four or two:
        return chr(min(int(braced or four or two, 16), 0x10FFFF))
    if octal:
        return chr(int(octal, 8))
    return _SHORT.get(other, other)


def decode_number(text: str) -> int | float | None:
    """``None`` for what is no plain number, such as a BigInt, an old octal or one without end."""
    if re.fullmatch(r"0[xXoObB][0-9a-fA-F_]+", text):
        return int(text.replace("_", ""), 0)
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.replace("_", ""))
    if math.isinf(number):
        return None
    return int(number) if number.is_integer() else number


def encode(value: Value, *, quote: str = '"', is_ascii: bool = False) -> str:
    """A literal that every JavaScript reads as ``value``, also inside a page.

    ``quote``: ``"`` or ``'``. ``is_ascii``: for files that are no UTF-8.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    text = "".join(_WRITTEN.get(sign, sign) for sign in value).replace(quote, f"\\{quote}")
    text = text.replace("</", "<\\/").replace("<!--", "\\u003c!--")
    text = _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return quote + (_to_ascii(text) if is_ascii else text) + quote


def _to_ascii(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    pairs = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(unit) if unit < 0x80 else f"\\u{unit:04x}" for unit in pairs)


def is_same(one: Value, other: Value) -> bool:
    """Equal as JavaScript sees it: ``1`` is not ``true``."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other
