"""Why a message did not arrive. Hosts and addresses are named, never a password and never the path of an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oobsite.errors import EXIT_USAGE, OobError


class DeliveryError(OobError):
    """A message was not delivered."""


class MailNotSetError(DeliveryError):
    """Nobody has said which mail server to use."""


@dataclass(eq=False)
class HostUnknownError(DeliveryError):
    """The name ``host`` has no address."""

    host: str


@dataclass(eq=False)
class ServerRefusesError(DeliveryError):
    """Nothing listens at ``address``, a host and its port."""

    address: str


@dataclass(eq=False)
class ServerSilentError(DeliveryError):
    """``host`` did not answer within ``seconds``."""

    host: str
    seconds: int


@dataclass(eq=False)
class ServerLostError(DeliveryError):
    """The connection to ``host`` broke, or there is no way to it."""

    host: str


@dataclass(eq=False)
class TlsFailedError(DeliveryError):
    """What listens at ``address`` does not speak TLS, or none that is still safe."""

    address: str


@dataclass(eq=False)
class StarttlsMissingError(DeliveryError):
    """``host`` does not offer STARTTLS."""

    host: str


@dataclass(eq=False)
class CertificateRefusedError(DeliveryError):
    """The certificate of ``host`` is not to be trusted; ``reason``: expired, other-name, unknown-issuer, invalid."""

    host: str
    reason: str


@dataclass(eq=False)
class PlainPasswordError(DeliveryError):
    """The password would have gone to ``host`` for everybody to read, so nothing was sent."""

    host: str


@dataclass(eq=False)
class MailLoginRefusedError(DeliveryError):
    """``host`` does not accept this user with this password."""

    host: str
    user: str


@dataclass(eq=False)
class SenderRefusedError(DeliveryError):
    """``host`` does not send mail from ``sender``."""

    host: str
    sender: str


@dataclass(eq=False)
class RecipientsRefusedError(DeliveryError):
    """``host`` takes mail for none of the addresses ``names``."""

    host: str
    names: list[str]


@dataclass(eq=False)
class SomeRecipientsRefusedError(DeliveryError):
    """``host`` does not take mail for the addresses ``names``; the others have got theirs."""

    host: str
    names: list[str]


@dataclass(eq=False)
class MailRefusedError(DeliveryError):
    """``host`` did not take the mail, or speaks no SMTP; ``status`` is its number, 0 without one."""

    host: str
    status: int


@dataclass(eq=False)
class MailAddressInvalidError(DeliveryError):
    """A sender or recipient is no mail address."""

    exit_code: ClassVar[int] = EXIT_USAGE
    name: str


class PushAddressInvalidError(DeliveryError):
    """The address of a channel is none that Apprise or a browser would understand."""


@dataclass(eq=False)
class PushRefusedError(DeliveryError):
    """The service did not take the message and did not say why in a way that we know."""

    host: str


@dataclass(eq=False)
class HttpStatusError(DeliveryError):
    """``host`` answered with a status that is no success."""

    host: str
    status: int


class MessageBrokenError(DeliveryError):
    """A mistake of ours: the message could not even be tried."""


@dataclass(eq=False)
class ChannelUnknownError(OobError):
    """No recipient is called ``name``."""

    exit_code: ClassVar[int] = EXIT_USAGE
    name: str


class ChannelMissingError(OobError):
    """No recipient is switched on."""
