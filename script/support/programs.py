"""Programs of the operating system that a full run of the tests uses."""

from __future__ import annotations

import shutil
from pathlib import Path

from script.support import services, system
from script.support.say import step

# A program, and its Debian package.
PACKAGES = {
    "redis-server": "redis-server",
    "chromium": "chromium",
    "nginx": "nginx",
    "pdfsig": "poppler-utils",
    "msgfmt": "gettext",
    "certutil": "libnss3-tools",
    "softhsm2-util": "softhsm2",
    "zbarimg": "zbar-tools",
    "faketime": "faketime",
}
# Chromium without windows: a page in a context of its own costs it a third of the processor time (docs/decisions/0050).
HEADLESS = "chromium-headless-shell"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str | None:
    """The path of the browser that the tests drive: Chromium without windows if it can be had."""
    return shutil.which(HEADLESS) or whole_browser()


def whole_browser() -> str | None:
    """The path of Chromium as people have it, which also keeps pages for the way back."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def install(log: Path) -> None:
    """Install what is missing, where that is possible (`system.may_install`); the output goes to `log`."""
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if services.postgres_programs() is None:
        missing.append("postgresql")
    if not system.has_pango():
        missing += system.PANGO_DEBIAN
    if missing and system.may_install():
        with step("System packages for tests") as current:
            if "postgresql" in missing:
                _no_cluster_of_its_own()
            current.note = ", ".join(missing)
            if not system.install(tuple(missing), log):
                current.note += f": failed, see {log}"
    if shutil.which(HEADLESS) is None and system.may_install() and system.is_offered(HEADLESS):
        with step("A browser without windows") as current:
            current.note = HEADLESS if system.install((HEADLESS,), log) else f"failed, see {log}; Chromium takes its place"


def _no_cluster_of_its_own() -> None:
    """Keep the package from creating and starting a server for the whole machine; the tests start their own."""
    path = Path("/etc/postgresql-common/createcluster.conf")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("create_main_cluster = false\n", encoding="ascii")
