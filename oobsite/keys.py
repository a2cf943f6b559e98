"""Keys of this installation: files in the data folder, 0600 from birth and whole. Knows no Django."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from oobsite.files import sync_dir, write_private

SECRET_KEY_NAME = "secret.key"  # noqa: S105 - a file name
FIELD_KEYS_NAME = "field.keys"
RECOVERY_NAME = "recovery.json"
#: Every key file that a backup of oobsite carries; a new key belongs into this list.
TRAVELLING = (SECRET_KEY_NAME, FIELD_KEYS_NAME)
_PASSPHRASE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - an alphabet
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}


def create_key(path: Path, content: str) -> bool:
    """Make a key file, which is whole when its name appears; False when there is one, which stays."""
    part = _write_part(path, content)
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    sync_dir(path.parent)
    return True


def replace_key(path: Path, content: str) -> None:
    """Exchange a key file by one rename. Raises ``OSError``."""
    _write_part(path, content).rename(path)
    sync_dir(path.parent)


def _write_part(path: Path, content: str) -> Path:
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    write_private(part, content.encode())
    adopt(part)
    return part


def adopt(path: Path) -> None:
    """Give a file to the owner of its folder: root makes keys that the web service must read."""
    owner = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def create_secret_key(data_dir: Path) -> None:
    """Make Django's secret key unless there is one."""
    create_key(data_dir / SECRET_KEY_NAME, secrets.token_urlsafe(50))


def create_field_keys(data_dir: Path) -> None:
    """Make the file of the field keys, with a first one, unless it is there."""
    create_key(data_dir / FIELD_KEYS_NAME, make_field_key() + "\n")


def make_field_key() -> str:
    return Fernet.generate_key().decode()


def read_field_keys(path: Path) -> list[str]:
    """The keys of a file, one a line, the one that encrypts first. Raises ``OSError``."""
    return [line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]


def write_field_keys(path: Path, keys: Sequence[str]) -> None:
    replace_key(path, "".join(f"{key}\n" for key in keys))


def collect_keys(data_dir: Path) -> bytes:
    """All key files in one JSON object, name -> content, as they travel in a backup. Raises ``OSError``."""
    return json.dumps({name: (data_dir / name).read_text(encoding="ascii") for name in TRAVELLING}).encode()


def parse_keys(content: bytes) -> dict[str, str]:
    """The other way round; only files that we know, for what was packed is not to be trusted.

    Raises ``ValueError`` when the secret key is missing.
    """
    found = json.loads(content)
    keys = {name: str(found[name]) for name in TRAVELLING if found.get(name)}
    if SECRET_KEY_NAME not in keys:
        raise ValueError(SECRET_KEY_NAME)
    return keys


@dataclass(frozen=True)
class RecoveryKey:
    """The key that wraps this installation's keys inside backups; derived from the recovery passphrase."""

    salt: bytes
    key: bytes

    def wrap(self, content: bytes) -> bytes:
        """Encrypt ``content``; what comes out opens with the passphrase alone."""
        token = Fernet(self.key).encrypt(content).decode()
        return json.dumps({"format": 1, "salt": self.salt.hex(), "scrypt": _SCRYPT, "token": token}).encode()


def unwrap(wrapped: bytes, passphrase: str) -> bytes:
    """Decrypt what ``RecoveryKey.wrap`` made. Raises ``cryptography.fernet.InvalidToken``."""
    parts = json.loads(wrapped)
    return Fernet(_derive(passphrase, bytes.fromhex(parts["salt"]))).decrypt(parts["token"].encode())


def create_recovery_key(data_dir: Path) -> str | None:
    """Make the recovery key and return its passphrase, which is kept nowhere; None when there is one already."""
    if (data_dir / RECOVERY_NAME).exists():
        return None
    passphrase = _make_passphrase()
    is_new = create_key(data_dir / RECOVERY_NAME, _recovery_content(passphrase))
    return passphrase if is_new else None


def renew_recovery_key(data_dir: Path, passphrase: str | None = None) -> str:
    """Exchange the recovery key for that of a new passphrase, or of the given one; return the passphrase.

    Backups that were made before open with the old passphrase only.
    """
    passphrase = passphrase or _make_passphrase()
    replace_key(data_dir / RECOVERY_NAME, _recovery_content(passphrase))
    return passphrase


def _make_passphrase() -> str:
    return "-".join("".join(secrets.choice(_PASSPHRASE_LETTERS) for _ in range(5)) for _ in range(5))


def _recovery_content(passphrase: str) -> str:
    salt = secrets.token_bytes(16)
    return json.dumps({"salt": salt.hex(), "key": _derive(passphrase, salt).decode()})


def load_recovery_key(data_dir: Path) -> RecoveryKey:
    """Return the recovery key. Raises ``FileNotFoundError`` before ``create_recovery_key``."""
    content = json.loads((data_dir / RECOVERY_NAME).read_text(encoding="utf-8"))
    return RecoveryKey(bytes.fromhex(content["salt"]), content["key"].encode())


def _derive(passphrase: str, salt: bytes) -> bytes:
    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase.encode()))
