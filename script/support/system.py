"""Libraries and programs of the operating system, which pip cannot install."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import platform
import shutil
import subprocess
from pathlib import Path

PANGO = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
PANGO_DEBIAN = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")


def has_pango() -> bool:
    """Whether the libraries that draw PDF pages can be loaded."""
    return all(_loads(name) for name in PANGO)


def _loads(name: str) -> bool:
    for candidate in (f"lib{name}.so.0", f"lib{name}.0.dylib", f"lib{name}.dylib", ctypes.util.find_library(name)):
        if candidate:
            try:
                ctypes.CDLL(candidate)
            except OSError:
                continue
            return True
    return False


def may_install() -> bool:
    """Whether this is root on a Debian system: only there these commands install packages."""
    return os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get") is not None and Path("/etc/debian_version").exists()


def is_offered(package: str) -> bool:
    """Whether the system's lists of packages know one."""
    return subprocess.run(["apt-cache", "show", package], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def install(packages: tuple[str, ...], log: Path) -> bool:
    """Install Debian packages without questions. False if that fails. The output goes to `log`."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # While this file exists, newly installed servers do not start by themselves.
    policy = Path("/usr/sbin/policy-rc.d")
    own_policy = not policy.exists()
    if own_policy:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
    apt = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confold"]
    commands = (["apt-get", "-q", "update"], [*apt, "install", "--no-install-recommends", *packages])
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("a", encoding="utf8") as out:
            done = [subprocess.run(c, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment).returncode for c in commands]
    finally:
        if own_policy:
            policy.unlink()
    return done[-1] == 0


def pango_advice() -> str:
    """The command that installs Pango on this system."""
    if platform.system() == "Darwin":
        return "brew install pango"
    if shutil.which("dnf"):
        return "sudo dnf install pango harfbuzz"
    if shutil.which("apk"):
        return "apk add pango harfbuzz-subset"
    if shutil.which("pacman"):
        return "sudo pacman -S pango"
    return f"sudo apt-get install {' '.join(PANGO_DEBIAN)}"
