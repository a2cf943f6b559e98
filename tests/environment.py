"""Loaded before Django reads its settings (``-p tests.environment``): every test run has folders of its own.

The root folder is short (socket paths are limited) and others may pass through it (private servers run as another
user).
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

# Started in the background by a shell, we would ignore Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Else each of the many processes that the tests start would compile the whole project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The servers of the tests are on this machine.
for _name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)

ROOT = Path(tempfile.mkdtemp(prefix="oobt-", dir="/tmp"))
ROOT.chmod(0o711)
for _name in ("data", "backup", "work", "mnt"):
    (ROOT / _name).mkdir()
    (ROOT / _name).chmod(0o711)
for _name in [
    name for name in os.environ if name.startswith(("OOB_", "DB")) and name not in ("OOB_CHAOS", "OOB_VERSIONS")
]:
    del os.environ[_name]
os.environ.update(
    OOB_DATA_DIR=str(ROOT / "data"),
    OOB_BACKUP_DIR=str(ROOT / "backup"),
    OOB_WORK_DIR=str(ROOT / "work"),
    OOB_SOURCES_DIR=str(ROOT / "mnt"),
    OOB_URL="http://localhost:8000",
    OOB_DBSOCKET="/nonexistent/socket",
)


def pytest_unconfigure() -> None:
    shutil.rmtree(ROOT, ignore_errors=True)
