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
# Chromium without its windows, as Playwright's own installation has it: a context with two pages takes 0.2 s of processor time, not 0.6.
# Not every distribution has it; then the tests drive Chromium itself.
SHELL = "chromium-headless-shell"
BROWSERS = (SHELL, "chromium", "chromium-browser", "google-chrome")


def browser() -> str | None:
    """The path of the browser that the tests drive."""
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
    if shutil.which(SHELL) is None and system.may_install() and system.is_offered(SHELL):
        with step("A browser without windows") as current:
            current.note = SHELL if system.install((SHELL,), log) else f"{SHELL}: failed, Chromium takes its place"


def _no_cluster_of_its_own() -> None:
    """Keep the package from creating and starting a server for the whole machine; the tests start their own."""
    path = Path("/etc/postgresql-common/createcluster.conf")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("create_main_cluster = false\n", encoding="ascii")
