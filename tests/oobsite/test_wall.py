"""The wall around domain/: no Django behind it, at run time and by the linter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEHIND_THE_WALL = sorted(
    [
        *ROOT.glob("*/domain/**/*.py"),
        *ROOT.glob("oobsite/*/domain/**/*.py"),
        *(ROOT / "oobsite" / f"{name}.py" for name in ("errors", "files", "env", "keys")),
    ]
)
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in BEHIND_THE_WALL]
# Each module in a fork of a process that has imported none of them.
IMPORT = """
import importlib, os, sys
for name in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(name)
        os._exit(any(module.partition(".")[0] == "django" for module in sys.modules))
    if os.wait()[1] != 0:
        print(name)
"""


def test_no_module_behind_the_wall_imports_django():
    assert "backups.domain.mariadb.hot" in MODULES
    command = [sys.executable, "-c", IMPORT, *MODULES]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


@pytest.mark.parametrize("line", ["import django", "from django.conf import settings", "from django.db import models"])
def test_the_linter_finds_django_behind_the_wall(line):
    assert "TID251" in lint(line, "backups/domain/x.py")
    assert "TID251" in lint(line, "backups/domain/mariadb/x.py")


def test_the_linter_lets_django_in_elsewhere():
    assert "TID251" not in lint("import django", "backups/services/x.py")


def lint(line, name):
    command = [Path(sys.executable).with_name("ruff"), "check", "--stdin-filename", name, "-"]
    return subprocess.run(command, cwd=ROOT, input=f"{line}\n", capture_output=True, text=True).stdout
