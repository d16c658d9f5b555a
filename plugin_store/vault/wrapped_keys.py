"""Keys as a text to keep apart from backups, encrypted with a passphrase: scrypt (RFC 7914) and Fernet."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from typing import Any

from settings import require_fernet_key

FORMAT = "patchbay-key"
# 128 MiB of memory and about half a second for each guess.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**17, 8, 1
SALT_BYTES = 16
MIN_PASSPHRASE_CHARACTERS = 12
MAX_TEXT_BYTES = 256 * 1024

EXPLANATION = (
    "This file contains the keys that decrypt the secrets stored by Patchbay, encrypted with a passphrase. "
    "Keep it apart from the backups: who has both and the passphrase can read every secret. "
    "Patchbay's command `secrets import-key` reads it."
)


class UnusableKeyFile(ValueError):
    """The text contains no keys, or the passphrase is wrong. The message says which."""


def wrap_keys(keys: Sequence[str], passphrase: str) -> str:
    """The keys as JSON that only the passphrase opens. Raises ValueError for a short one."""
    if len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        raise ValueError(f"A passphrase has at least {MIN_PASSPHRASE_CHARACTERS} characters.")
    salt = os.urandom(SALT_BYTES)
    sealed = _fernet(passphrase, salt).encrypt("\n".join(keys).encode("ascii"))
    value = {
        "format": FORMAT,
        "version": 1,
        "explanation": EXPLANATION,
        "kdf": {"name": "scrypt", "n": SCRYPT_N, "r": SCRYPT_R, "p": SCRYPT_P, "salt": salt.hex()},
        "keys": sealed.decode("ascii"),
    }
    return json.dumps(value, indent=1) + "\n"


def unwrap_keys(text: str, passphrase: str) -> list[str]:
    """The keys. Raises UnusableKeyFile."""
    salt, sealed = _parse(text)
    try:
        keys = _fernet(passphrase, salt).decrypt(sealed).decode("ascii").split("\n")
        for key in keys:
            require_fernet_key(key)
    except _fernet_module().InvalidToken:
        raise UnusableKeyFile("The passphrase is wrong, or the file is damaged.") from None
    except ValueError:
        raise UnusableKeyFile("The file contains no keys.") from None
    return keys


def _parse(text: str) -> tuple[bytes, bytes]:
    """Salt and ciphertext. Other costs than ours are refused: they could fill the memory."""
    try:
        value: Any = json.loads(text)
        if value["format"] != FORMAT:
            raise UnusableKeyFile("The file is no exported key.")
        kdf = value["kdf"]
        known = value["version"] == 1 and kdf["name"] == "scrypt"
        if not known or (kdf["n"], kdf["r"], kdf["p"]) != (SCRYPT_N, SCRYPT_R, SCRYPT_P):
            raise UnusableKeyFile("A newer version of Patchbay exported this key: import it with that one.")
        return bytes.fromhex(kdf["salt"]), value["keys"].encode("ascii")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, UnusableKeyFile):
            raise
        raise UnusableKeyFile("The file is no exported key.") from None


def _fernet(passphrase: str, salt: bytes) -> Any:
    # Loaded with the first use, because it loads a whole OpenSSL.
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    kdf = Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    key = kdf.derive(passphrase.encode("utf-8", "surrogatepass"))
    return _fernet_module().Fernet(base64.urlsafe_b64encode(key))


def _fernet_module() -> Any:
    from cryptography import fernet  # noqa: PLC0415

    return fernet
