"""What a line of the crontab needs: cron gives it next to no environment, and nobody reads what it prints.

Knows no Django: the settings use it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from oobsite.files import replace_file

ENVIRONMENT_NAME = "cron.env"
LOG_NAME = "watchdog.log"
#: Ends one that hangs before the next one begins.
_MOST_SECONDS = 280
_OURS = r"OOB_\w+|DB(HOST|PORT|NAME|USER)"
_OF_THE_SYSTEM = r"PATH|PYTHON\w+|SSL_CERT_\w+|(https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY"
_NAMES = re.compile(f"{_OURS}|{_OF_THE_SYSTEM}")
#: The practice's server is none of the watchdog's business.
_WITHHELD = re.compile(r"(OOB_BACKUP_)?DBPWD(_FILE)?")
_CANNOT = re.compile(r"[\s#%'\"\\$&;|<>()*?`]")


def make_prefix(data_dir: Path) -> str:
    """What comes before the command: private files, a log of what this call says, and our environment."""
    log, environment = data_dir / LOG_NAME, data_dir / ENVIRONMENT_NAME
    return f"umask 007; exec >{log} 2>&1; . {environment} && exec timeout {_MOST_SECONDS}"


def write_environment(data_dir: Path, variables: Mapping[str, str]) -> Path:
    """Keep those of ``variables`` that matter for cron, readable by ourselves alone. Raises ``OSError``."""
    chosen = {name: value for name, value in variables.items() if _NAMES.fullmatch(name) and not _WITHHELD.match(name)}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(chosen.items())]
    path = data_dir / ENVIRONMENT_NAME
    replace_file(path, "".join(lines).encode(), mode=0o600)
    return path


def is_written_plainly(path: Path) -> bool:
    """Whether ``path`` may stand in a crontab line as it is."""
    return not _CANNOT.search(str(path))
