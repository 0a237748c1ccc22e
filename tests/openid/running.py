"""The provider's process, started and told what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from script.support.processes import clean_environment
from script.support.services import free_port
from tests.openid.provider import CLIENT_ID, CLIENT_SECRET
from tools.stack.running import wait_until

HONEST: dict[str, Any] = {"civil_id": "", "name_ar": "ليلى الصباح", "name": "Layla Al-Sabah", "acr": "substantial"}


class Provider:
    """One provider on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(1), folder
        self.issuer = f"http://127.0.0.1:{self.port}/o"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the portal is told of it."""
        return {
            "OPENID_ISSUER": self.issuer,
            "OPENID_CLIENT_ID": CLIENT_ID,
            "OPENID_CLIENT_SECRET": CLIENT_SECRET,
            "OPENID_ASSURANCES": "substantial,high",
            "OPENID_LABEL_AR": "هوية التجربة",
            "OPENID_LABEL_EN": "Trial identity",
        }

    def start(self) -> Provider:
        """Answers when this returns. After `stop` it starts anew on the same port, with nothing remembered."""
        (self.folder / "provider.sqlite3").unlink(missing_ok=True)
        script = Path(__file__).with_name("provider.py")
        log = (self.folder / "provider.log").open("ab")
        command = [sys.executable, "-W", "ignore", str(script), str(self.port), str(self.folder)]
        self._process = subprocess.Popen(command, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait_until(self._speaks, 120, "an answer of the provider")
        return self

    def _speaks(self) -> bool:
        assert self._process is not None and self._process.poll() is None, (self.folder / "provider.log").read_text()
        try:
            return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)

    def tell(self, civil_id: str = "", **faults: Any) -> None:
        """Who comes next, and what goes wrong. Claims of their own are given as `claims`."""
        claims = {**HONEST, "civil_id": civil_id, **faults.pop("claims", {})}
        root = f"http://127.0.0.1:{self.port}"
        requests.post(f"{root}/control", json={"claims": claims, **faults}, timeout=10).raise_for_status()

    def sign_in(self, address: str) -> str:
        """What a browser does there: from the address it was sent to, to the one that it is sent back to."""
        with requests.Session() as browser:
            for _ in range(5):
                answer = browser.get(address, allow_redirects=False, timeout=10)
                assert answer.status_code == 302, answer.text
                address = requests.compat.urljoin(address, answer.headers["Location"])  # type: ignore[attr-defined]
                if urlsplit(address).port != self.port:
                    return address
        raise AssertionError("the provider sends round in a circle")
