"""The README is true: its recipe restores, its list of settings is complete."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from django.core.management import call_command

from backups.models import Source

PROJECT_DIR = Path(__file__).resolve().parent.parent
README = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")


def read_recipe(archive: Path, target: Path) -> str:
    lines = README.split("<!-- recipe -->\n```sh\n")[1].split("```")[0].splitlines()
    assert lines[0].startswith("ARCHIVE=")
    assert lines[1].startswith("TARGET=")
    return "\n".join([f"ARCHIVE={archive}", f"TARGET={target}", *lines[2:]])


def test_the_recipe_restores_with_plain_tar(installation):
    data = installation / "mnt" / "webelexisdata"
    data.mkdir()
    (data / "settings.js").write_text("module.exports = {}")
    Source.objects.exclude(name="webelexisdata").update(is_active=False)
    call_command("runbackup", "--json")
    (data / "settings.js").write_text("lost")
    archive = next((installation / "backup").glob("webelexisdata_*.tar.gz"))

    done = subprocess.run(["sh", "-eu", "-c", read_recipe(archive, data)], capture_output=True, text=True, check=True)

    first, second = done.stdout.split()
    assert first == second
    assert (data / "settings.js").read_text() == "module.exports = {}"
    assert (installation / "mnt" / "webelexisdata.old" / "settings.js").read_text() == "lost"


def test_every_setting_has_its_heading():
    source = (PROJECT_DIR / "oobsite" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r"""env\.\w+\(\s*"(\w+)\"""", source))
    described = set(re.findall(r"^### (\w+)$", README, re.MULTILINE))
    assert read == described
