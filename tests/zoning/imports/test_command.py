"""Loading a file of plots on the command line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from municipality.imports.models import ImportFile
from tests.zoning.imports.conftest import Office
from tests.zoning.imports.files import geopackage, row
from zoning.models import Plot


def test_a_file_is_read_and_waits_for_a_second_person(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "plots.gpkg"
    path.write_bytes(geopackage(row(1), row(2), row(3, area="no such area")))
    said = io.StringIO()
    call_command("import_plots", str(path), "--by", "c", stdout=said)
    file = ImportFile.objects.get()
    text = said.getvalue()
    assert "2 new, 0 changed, 0 the same, 1 with errors." in text and "row 3" in text
    assert f"/admin/plots/files/{file.public_id}/" in text and file.checked_at is not None
    assert not Plot.objects.exists()
    with pytest.raises(CommandError):
        call_command("import_plots", str(path), "--by", "c")


@pytest.mark.parametrize(("name", "login"), [("plots.gpkg", "nobody"), ("plots.gpkg", "p"), ("missing.gpkg", "c"), ("bad.txt", "c")])
def test_nothing_is_loaded_by_the_wrong_person_or_from_a_wrong_file(office: Office, tmp_path: Path, name: str, login: str) -> None:
    (tmp_path / "plots.gpkg").write_bytes(geopackage(row(1)))
    (tmp_path / "bad.txt").write_text("x")
    with pytest.raises(CommandError):
        call_command("import_plots", str(tmp_path / name), "--by", login)
    assert not ImportFile.objects.exists()
