"""The real node: one process that loads many files, and Webelexis' own way to its configuration."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

SHAPES = Path(__file__).parent / "selfservice" / "shapes"
SHIM = Path(__file__).parents[1] / "selfservice" / "webelexis" / "local.js"
_PACKAGES = Path(__file__).parent / "selfservice" / "node"
_LOADER = """
process.env = {}
const plain = (_key, value) => typeof value === 'function' || value instanceof RegExp ? `code ${value}` : value
require('readline').createInterface({ input: process.stdin }).on('line', async path => {
  let answer
  try {
    const loaded = path.endsWith('.mjs') ? (await import(path)).default : require(path)
    answer = { value: JSON.parse(JSON.stringify(loaded, plain)) }
  } catch (error) { answer = { error: error.name } }
  console.log(JSON.stringify(answer))
})
"""


class Node:
    """``load`` answers what ``require`` (or ``import``) makes of a content, ``None`` when it fails."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self._process = subprocess.Popen(
            ["node", "-e", _LOADER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def load(self, content: bytes, ending: str = ".js") -> Any:
        self._count += 1
        path = self._folder / f"{self._count}{ending}"
        path.write_bytes(content)
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        path.unlink()
        return answer.get("value")

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def packages() -> Path:
    """node_modules with what Webelexis 3.9 reads its configuration with; installed once for a machine."""
    version = hashlib.sha256((_PACKAGES / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"oob-node-packages-{version}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(_PACKAGES, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        (folder / "complete").touch()
    return folder / "node_modules"


def read_as_old(volume: Path) -> Any:
    """Settings as Webelexis 3.3.5 takes them: one plain ``require``. Raises ``CalledProcessError``."""
    return _run(f"require({json.dumps(str(volume / 'settings.js'))})", cwd=volume)


def read_as_new(volume: Path, install: Path, **environment: str) -> Any:
    """Settings as Webelexis 3.9 takes them, installed in ``install`` with the shim, its data being ``volume``."""
    config = install / "server" / "config"
    if not config.exists():
        config.mkdir(parents=True)
        (install / "server" / "node_modules").symlink_to(packages())
        (install / "data").symlink_to(volume)
        (config / "local.js").write_bytes(SHIM.read_bytes())
        (config / "default.json").write_text('{"smtp": {"host": "default", "secure": true}, "port": 1}')
        (config / "dockered.js").write_text('module.exports = {docbase: "../../data/docs", schedule: {minDuration: 7}}')
    environment |= {"NODE_ENV": "dockered", "NODE_CONFIG_DIR": str(config)}
    return _run("require('@feathersjs/configuration')()()", cwd=install / "server", environment=environment)


def _run(expression: str, *, cwd: Path, environment: dict[str, str] | None = None) -> Any:
    command = ["node", "-p", f"JSON.stringify({expression})"]
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", **(environment or {})}
    done = subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def shapes() -> Iterator[Path]:
    """A settings file of every shape that is met in practices."""
    yield from sorted(SHAPES.iterdir())
