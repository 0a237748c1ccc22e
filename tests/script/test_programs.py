"""Which browser the tests drive, and which package brings it."""

from __future__ import annotations

from pathlib import Path

import pytest

from script.support import programs, system


class System:
    """A Debian system as root, with the browsers `has` and packages of the names `offers`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, has: tuple[str, ...] = (), offers: tuple[str, ...] = ()) -> None:
        self.has, self.offers = {*has, *programs.PACKAGES.keys() - {"chromium"}}, offers
        self.asked: list[str] = []
        monkeypatch.setattr(programs.shutil, "which", lambda name: f"/usr/bin/{name}" if name in self.has else None)
        monkeypatch.setattr(programs.services, "postgres_programs", lambda: Path("/usr/bin"))
        monkeypatch.setattr(system, "has_pango", lambda: True)
        monkeypatch.setattr(system, "may_install", lambda: True)
        monkeypatch.setattr(system, "is_offered", lambda name: name in self.offers)
        monkeypatch.setattr(system, "install", self.install)

    def install(self, packages: tuple[str, ...], _log: Path) -> bool:
        self.asked += packages
        self.has |= set(packages) & set(self.offers)
        return set(packages) <= set(self.offers)


def test_a_browser_without_windows_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = System(monkeypatch, has=("chromium", programs.HEADLESS))
    assert programs.browser() == f"/usr/bin/{programs.HEADLESS}"
    assert programs.whole_browser() == "/usr/bin/chromium"
    machine.has.remove(programs.HEADLESS)
    assert programs.browser() == "/usr/bin/chromium"
    machine.has.remove("chromium")
    assert programs.browser() is None


@pytest.mark.parametrize(
    ("has", "offers", "asked", "found"),
    [
        ((), (programs.HEADLESS, "chromium"), ["chromium", programs.HEADLESS], programs.HEADLESS),
        ((), ("chromium",), ["chromium"], "chromium"),
        ((), (), ["chromium"], None),
        (("chromium",), (programs.HEADLESS,), [programs.HEADLESS], programs.HEADLESS),
        (("chromium",), (), [], "chromium"),
        (("chromium", programs.HEADLESS), (), [], programs.HEADLESS),
    ],
    ids=["Debian", "Ubuntu", "no packages", "Debian with the whole one", "Ubuntu with the whole one", "nothing to do"],
)
def test_what_is_missing_is_installed(
    has: tuple[str, ...], offers: tuple[str, ...], asked: list[str], found: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine = System(monkeypatch, has=has, offers=offers)
    programs.install(tmp_path / "setup.log")
    assert machine.asked == asked
    assert programs.browser() == (f"/usr/bin/{found}" if found else None)
