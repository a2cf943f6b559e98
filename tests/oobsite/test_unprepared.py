"""Commands where nothing is set up, as one who is in the wrong folder sees them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["listbackups", "resetlogin x"])
def test_a_command_without_an_installation_says_so(tmp_path, command):
    arguments = [sys.executable, "manage.py", *command.split(), "--json"]
    environment = {**os.environ, "OOB_DATA_DIR": str(tmp_path)}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, "not-prepared")
    assert "Traceback" not in done.stderr
