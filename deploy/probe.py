"""The health checks of the containers: `probe.py web` and `probe.py beat SCHEDULE_FILE`. Exit status 0 is healthy."""

from __future__ import annotations

import http.client
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

# The clock writes its schedule every three minutes.
STALE_SECONDS = 400


def web() -> bool:
    """Whether the web server of this container answers /healthz."""
    host, _, port = os.environ.get("WEB_BIND", "127.0.0.1:8000").rpartition(":")
    line = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, int(port), timeout=4)  # noqa: S104
    try:
        # The host of pages: the first of ALLOWED_HOSTS may be the one that serves files only.
        name = urlsplit(os.environ.get("PORTAL_URL", "")).netloc or os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
        line.request("GET", "/healthz", headers={"Host": name, "X-Forwarded-Proto": "https"})
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def beat(path: Path) -> bool:
    """Whether the clock has written its schedule lately (the file may carry a suffix, depending on the dbm library)."""
    written = [p.stat().st_mtime for p in path.parent.glob(f"{path.name}*")]
    return bool(written) and time.time() - max(written) < STALE_SECONDS


if __name__ == "__main__":
    sys.exit(0 if (web() if sys.argv[1] == "web" else beat(Path(sys.argv[2]))) else 1)
