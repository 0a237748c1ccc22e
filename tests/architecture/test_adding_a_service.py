"""The service of docs/adding-a-service.md stands and works when it is built from the page; it exists in a temporary folder only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from tests import migrated
from tests.architecture.files import ROOT

PAGE = ROOT / "docs" / "adding-a-service.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
CATALOGUE = "locale/ar/LC_MESSAGES/django.po"
APP, ADDRESSES = '"stalls",', 'path("", include("stalls.urls")),'
SETTINGS = f"""
from municipality.settings.test import *
INSTALLED_APPS = [*INSTALLED_APPS, {APP}]
ROOT_URLCONF = "addresses"
HERE = Path(__file__).parent
LOCALE_PATHS = [HERE / "locale", *LOCALE_PATHS]
TEMPLATES[0]["DIRS"] = [HERE / "templates", *TEMPLATES[0]["DIRS"]]
DATABASES = {{"default": from_url(f"sqlite:///{{HERE}}/db.sqlite3")}}
"""
URLS = f"""
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from municipality.urls import *
urlpatterns = [*urlpatterns, *i18n_patterns({ADDRESSES} prefix_default_language=True)]
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
    translations = polib.pofile(str(folder / CATALOGUE))
    translations.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    translations.save_as_mofile(str((folder / CATALOGUE).with_suffix(".mo")))


def run(folder: Path, *steps: str) -> subprocess.CompletedProcess[str]:
    """Run steps of `stalls_walk` with the settings of a folder, on SQLite, with nothing but this process."""
    left_out = {"DATABASE_URL", "CACHE_URL", "REDIS_URL", "SIGNER_KEY_FILE"}
    own = {"DJANGO_SETTINGS_MODULE": "portal", "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "PORTAL_VAR": str(folder / "var")}
    environment = {name: value for name, value in os.environ.items() if name not in left_out} | own
    command = [sys.executable, "-m", "tests.architecture.stalls_walk", *steps]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def assert_fine(answer: subprocess.CompletedProcess[str]) -> None:
    assert answer.returncode == 0, answer.stderr[-4000:] + answer.stdout[-1000:]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return dict(BLOCK.findall(PAGE.read_text(encoding="utf8")))


@pytest.fixture(scope="module")
def built(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the app of the page, its settings and its database, migrated."""
    folder = tmp_path_factory.mktemp("service")
    write(folder, {**files, "portal.py": SETTINGS, "addresses.py": URLS})
    shutil.copy(migrated.file(), folder / "db.sqlite3")
    assert_fine(run(folder, "build"))
    return folder


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """One of it for each test."""
    return Path(shutil.copytree(built, tmp_path / "service"))


def broken(copy: Path, name: str, beginning: str, instead: str) -> None:
    """Put another line in place of the one of a file that begins so; its indentation stays."""
    text = (copy / name).read_text(encoding="utf8")
    changed, count = re.subn(rf"^( *){re.escape(beginning)}.*$", rf"\g<1>{instead}", text, flags=re.MULTILINE)
    assert count == 1
    write(copy, {name: changed})


def test_the_service_of_the_page_works_from_request_to_sealed_permit(copy: Path) -> None:
    assert_fine(run(copy, "home", "message", "walk"))


@pytest.mark.parametrize(
    ("name", "line", "instead", "step", "sign"),
    [
        ("stalls/apps.py", "catalogue.CATALOGUE.register", "pass", "home", "does not show the service in en"),
        ("stalls/apps.py", "REVIEWABLES.register", "pass", "walk", "KeyError: 'stalls.permit'"),
        ("stalls/services.py", "enqueue(", "pass", "walk", "no job is enqueued"),
        (CATALOGUE, 'msgstr "صدر تصريح البسطة', 'msgstr ""', "message", "IncompleteMessage"),
    ],
    ids=["catalogue", "desk", "job", "translation"],
)
def test_a_wrong_page_is_found_out(copy: Path, name: str, line: str, instead: str, step: str, sign: str) -> None:
    broken(copy, name, line, instead)
    answer = run(copy, step)
    assert answer.returncode != 0 and sign in answer.stderr


def test_the_page_is_short_and_names_what_the_project_adds(files: dict[str, str]) -> None:
    text = PAGE.read_text(encoding="utf8")
    assert f"`{APP}`" in text and f"`{ADDRESSES}`" in text
    assert len(text.splitlines()) <= 250
    assert not (ROOT / "stalls").exists() and not (ROOT / "templates" / "stalls").exists()
