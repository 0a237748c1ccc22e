"""Keys for the demo, made once and marked as such; production settings recognise and refuse them."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import string
from pathlib import Path

from municipality.settings.guard import DEMO_PREFIX


def demo_keys(var: Path) -> dict[str, str]:
    """The demo's keys, read from `var/demo-keys.json` or made there (mode 600) at the first start."""
    path = var / "demo-keys.json"
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf8")))
    letters = string.ascii_letters + string.digits
    keys = {
        "SECRET_KEY": DEMO_PREFIX + secrets.token_urlsafe(48),
        "CIVIL_ID_KEY": DEMO_PREFIX + secrets.token_urlsafe(32),
        "KNET_RESOURCE_KEY": "demo" + "".join(secrets.choice(letters) for _ in range(12)),
        "KNET_PASSWORD": "demo" + "".join(secrets.choice(letters) for _ in range(8)),
        "KNET_TRANPORTAL_ID": "999901",
        "SIGNER_PASSPHRASE": DEMO_PREFIX + secrets.token_urlsafe(16),
    }
    var.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(keys, indent=1), encoding="utf8")
    fresh.chmod(0o600)
    try:
        os.link(fresh, path)  # the first of several processes that start together wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return dict(json.loads(path.read_text(encoding="utf8")))


def moci_key(keys: dict[str, str]) -> str:
    """The key of the demo's commercial register, made of another one, so that keys of an earlier demo serve on."""
    return DEMO_PREFIX + hashlib.sha256(f"moci:{keys['SECRET_KEY']}".encode()).hexdigest()
