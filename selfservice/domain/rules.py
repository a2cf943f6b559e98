"""What the values must be like, so that neither Webelexis 3.3.5 nor 3.9 stumbles over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from oobsite.errors import Params
from selfservice.domain.settings_js.values import Value

#: The name of a field and the key of the file that it becomes.
FILE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "name": "schedule.sitename",
        "mail": "schedule.sitemail",
        "address": "schedule.siteaddr",
        "phone": "schedule.sitephone",
        "appointment_type": "schedule.terminTyp",
        "duration_minutes": "schedule.minDuration",
        "daily_maximum": "schedule.maxPerDay",
        "agenda_area": "schedule.resource",
        "confirmation": "schedule.confirm",
        "host": "smtp.host",
        "port": "smtp.port",
        "user": "smtp.user",
        "password": "smtp.pwd",
    }
)

#: The mailer starts with TLS; that is the one port for it.
PORT = 465
_STARTTLS_PORTS = (25, 587)
_MINUTES_OF_A_DAY = 24 * 60
_NUMBERS = {"duration_minutes": (1, _MINUTES_OF_A_DAY), "daily_maximum": (1, _MINUTES_OF_A_DAY), "port": (1, 65535)}
_NEEDED = ("name", "mail", "appointment_type", "agenda_area", "host", "user", "password")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_HOST = re.compile(
    r"(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
#: The code of a rule, and whether a text keeps it.
_RULES: Mapping[str, tuple[tuple[str, Callable[[str], bool]], ...]] = {
    "name": (("sender-signs", lambda text: not set(text) & set(',;:()<>"')),),
    "mail": (("mail", lambda text: bool(_MAIL.fullmatch(text))),),
    "confirmation": (("one-date", lambda text: text.count("{*}") == 1),),
    "host": (("host", lambda text: bool(_HOST.fullmatch(text))),),
}
#: Variables that the container of Webelexis has: those of its image, of pm2 which runs it, and of its compose file.
_ENVIRONMENT = frozenset(
    """
    HOME HOSTNAME PATH PWD OLDPWD SHLVL TERM LANG LC_ALL TZ USER LOGNAME SHELL _ INIT_CWD NODE NODE_ENV NODE_VERSION
    NODE_CONFIG_DIR NODE_PATH NODE_OPTIONS YARN_VERSION WEBELEXIS_SERVER WEBELEXIS_SETTINGS DBHOST DBPORT DBNAME DBUSER
    DBPWD PM2_HOME PM2_USAGE PM2_PROGRAMMATIC PM2_JSON_PROCESSING PM2_INTERACTOR_PROCESSING NODE_APP_INSTANCE
    NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE args automation autorestart autostart axm_actions axm_dynamic
    axm_monitor axm_options created_at cwd env exec_interpreter exec_mode exit_code filter_env instance_var instances
    kill_retry_time km_link merge_logs name namespace node_args node_version pm_cwd pm_err_log_path pm_exec_path pm_id
    pm_out_log_path pm_pid_path pm_uptime pmx prev_restart_delay restart_time started_inside status treekill unique_id
    unstable_restarts username versioning version vizion vizion_running watch windowsHide
    """.split()  # noqa: SIM905 - one name a line would be seventy lines
)


@dataclass(frozen=True)
class SelfServiceValues:
    """The page and the mail server. ``confirmation`` may be empty: then patients get no mail."""

    name: str
    mail: str
    address: str
    phone: str
    appointment_type: str
    duration_minutes: int
    daily_maximum: int
    agenda_area: str
    confirmation: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def by_key(self) -> dict[str, Value]:
        """As ``change_settings`` and ``new_file`` want them."""
        return {FILE_KEYS[one.name]: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True)
class FieldError:
    """``field`` of ``SelfServiceValues``; ``code`` and ``params`` make the sentence. No param is the password."""

    field: str
    code: str
    params: Params


def validate(
    values: SelfServiceValues, *, kept: Collection[str] = (), environment: Collection[str] = ()
) -> list[FieldError]:
    """Every rule that is broken, in the order of the fields; one at most for each field, an empty list is good.

    ``kept``: fields that stay an expression of the file and are not judged.
    ``environment``: names of further environment variables of the Webelexis container.
    """
    names = (one.name for one in fields(values) if one.name not in kept)
    found = (_judge(name, getattr(values, name), environment) for name in names)
    return [error for error in found if error]


def _judge(name: str, value: Value, environment: Collection[str]) -> FieldError | None:
    if name in _NUMBERS:
        return _number_error(name, value)
    if not isinstance(value, str):
        return FieldError(name, "no-text", {})
    code = _text_code(name, value) or _rewritten_code(value, environment)
    return FieldError(name, code, {}) if code else None


def _number_error(name: str, value: Value) -> FieldError | None:
    """``whole-number``; ``port-starttls`` for 587 and 25; ``port-other``; ``range`` with its ends."""
    least, most = _NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int):
        return FieldError(name, "whole-number", {})
    if name == "port" and value != PORT:
        return FieldError(name, "port-starttls" if value in _STARTTLS_PORTS else "port-other", {"port": value})
    if not least <= value <= most:
        return FieldError(name, "range", {"least": least, "most": most})
    return None


def _text_code(name: str, text: str) -> str:
    """The first rule of the field that its text breaks, or nothing."""
    if not text.strip() and name in _NEEDED:
        return "needed"
    if _CONTROL.search(_without_line_ends(text) if name == "confirmation" else text):
        return "control"
    return next((code for code, is_good in _RULES.get(name, ()) if text and not is_good(text)), "")


def _without_line_ends(text: str) -> str:
    return text.replace("\r\n", "").replace("\n", "").replace("\t", "")


def _rewritten_code(text: str, environment: Collection[str]) -> str:
    """Webelexis 3.9 takes some texts for something else: @feathersjs/configuration rewrites them."""
    if text.startswith("\\"):
        return "rewritten-backslash"
    if text.startswith(("./", "../")):
        return "rewritten-path"
    if text in _ENVIRONMENT or text.startswith("npm_") or text in environment:
        return "rewritten-variable"
    return ""
