"""Keys of this installation: files in the data folder, 0600 from birth, made once. Knows no Django."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from oobsite.errors import SettingError
from oobsite.files import write_private

SECRET_KEY_NAME = "secret.key"  # noqa: S105 - a file name
RECOVERY_NAME = "recovery.json"
_PASSPHRASE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - an alphabet
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}


def load_secret_key(data_dir: Path) -> str:
    """Return Django's secret key; the first start makes the data folder and the key."""
    path = data_dir / SECRET_KEY_NAME
    try:
        data_dir.mkdir(mode=0o770, parents=True, exist_ok=True)
        return _read_or_create(path, secrets.token_urlsafe(50))
    except OSError as error:
        raise SettingError(f"OOB_DATA_DIR: {data_dir}: {error}") from error


def _read_or_create(path: Path, fresh: str) -> str:
    try:
        write_private(path, fresh.encode())
    except FileExistsError:
        return path.read_text(encoding="utf-8")
    return fresh


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
    passphrase = "-".join("".join(secrets.choice(_PASSPHRASE_LETTERS) for _ in range(5)) for _ in range(5))
    salt = secrets.token_bytes(16)
    content = {"salt": salt.hex(), "key": _derive(passphrase, salt).decode()}
    try:
        write_private(data_dir / RECOVERY_NAME, json.dumps(content).encode())
    except FileExistsError:
        return None
    return passphrase


def load_recovery_key(data_dir: Path) -> RecoveryKey:
    """Return the recovery key. Raises ``FileNotFoundError`` before ``create_recovery_key``."""
    content = json.loads((data_dir / RECOVERY_NAME).read_text(encoding="utf-8"))
    return RecoveryKey(bytes.fromhex(content["salt"]), content["key"].encode())


def _derive(passphrase: str, salt: bytes) -> bytes:
    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase.encode()))
