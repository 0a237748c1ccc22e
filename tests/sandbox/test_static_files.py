"""The static files of the demo."""

from __future__ import annotations

from pathlib import Path

from municipality.ui.storage import StaticFilesStorage as PortalStorage
from sandbox.static_files import StaticFilesStorage


def test_the_demo_compresses_by_gzip_alone(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.css"
    sheet.write_text("a { color: red }\n" * 200, encoding="ascii")
    made = {
        storage: sorted(Path(path).name for path in storage(location=tmp_path).create_compressor(quiet=True).compress(str(sheet)))
        for storage in (StaticFilesStorage, PortalStorage)
    }
    assert made[StaticFilesStorage] == ["sheet.css.gz"]
    assert made[PortalStorage] == ["sheet.css.br", "sheet.css.gz"]  # the control: what production serves
