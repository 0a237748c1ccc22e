"""The attacked portal of the full tier: production settings and processes behind the shipped front door, with the demo's people."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from script.support.services import free_port
from tools.stack.answering import AnsweringProcess
from tools.stack.front import PROGRAM, nginx, rendered
from tools.stack.production import Production, started
from tools.stack.running import Servers, wait_until

SILENT = "tools.attack.provider.Silent"
OUTSIDE = {
    "MOBILE_ID_ADAPTER": SILENT,
    "SMS_BACKEND": "tools.attack.provider.Texts",
    "EMAIL_BACKEND": "tools.attack.provider.Mails",
}
# The command refuses outside the demo; here it is a seal of the tests.
SEAL = """
from pathlib import Path
from django.conf import settings
from municipality.documents import seal
seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
"""


class Inside(AnsweringProcess):
    """`tools.attack.inside` as a process with the portal's own environment and rights."""

    def __init__(self, production: Production) -> None:
        super().__init__("tools.attack.inside", environment=production.environment, log=production.var / "log" / "inside.log")

    def do(self, name: str, **given: Any) -> Any:
        """The answer to one request by its name. Raises RuntimeError as `ask` does."""
        return self.ask({"do": name, **given})


def _load(production: Production) -> None:
    production.environment |= OUTSIDE
    settings = {"DJANGO_SETTINGS_MODULE": "tools.attack.loading"}
    production.run_as_owner("manage.py", "migrate", "--noinput", "--verbosity", "0", **settings)
    production.run_as_owner("deploy/grants.py")
    production.run_as_owner("manage.py", "shell", "--no-imports", "-c", SEAL, **settings)
    production.run_as_owner("manage.py", "demo", "--small", **settings)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def attacked(servers: Servers) -> Iterator[tuple[Production, Inside, int]]:
    """The running portal, the hand inside it, and the port of the front door. Raises RuntimeError without nginx."""
    if PROGRAM is None:
        raise RuntimeError("nginx was not found; install the package nginx")
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        var, front = Path(folder) / "var", Path(folder) / "front"
        var.mkdir()
        front.mkdir()
        with started(servers, var, _load) as production:
            plain, secure = free_port(), free_port()
            with nginx(rendered(front, plain=plain, secure=secure, portal=production.port)):
                wait_until(lambda: _listens(secure), 10, "nginx")
                inside = Inside(production)
                try:
                    yield production, inside, secure
                finally:
                    inside.end()
