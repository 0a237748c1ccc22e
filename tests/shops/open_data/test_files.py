"""The nightly files: valid, whole or not there, the same as the table says, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bs4 import BeautifulSoup
from django.core.files.storage import default_storage
from django.test import Client

from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from shops.models import Edition, Shop
from shops.open_data import dictionary, formats, table, writer
from shops.open_data.views import api as feed_views
from shops.open_data.views.pages import LATER
from shops.register import events
from tests.conftest import Clock
from tests.shops.open_data.conftest import TESTS, Register, fill, publish_all

pytestmark = pytest.mark.django_db


def body(name: str) -> bytes:
    answer = Client().get(f"/open-data/{name}")
    assert answer.status_code == 200, name
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def listed(key: str = "shops") -> dict[str, Any]:
    """What the interface says of a set."""
    return next(one for one in Client().get("/api/v1/open-data/").json()["sets"] if one["key"] == key)


def validate(name: str, instance: Any) -> None:
    schema = json.loads(body(f"{name}.schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(instance, schema, cls=jsonschema.Draft202012Validator)


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_each_file_is_what_its_published_schema_says(register: Register) -> None:
    lines = [json.loads(line) for line in body("shops.jsonl").decode().splitlines()]
    rows = csv_rows(body("shops.csv").decode())
    collection = json.loads(body("shops.geojson"))
    assert len(lines) == len(rows) == len(collection["features"]) == Shop.objects.count() == 25
    for line in lines:
        validate("shops.jsonl", line)
    for row in rows:
        validate("shops.csv", row)
    validate("shops.geojson", collection)
    with pytest.raises(jsonschema.ValidationError):
        validate("shops.jsonl", {**lines[0], "owner": "x"})
    with pytest.raises(jsonschema.ValidationError):
        validate("shops.csv", {**rows[0], "opened_on": "yesterday"})


def test_points_are_in_kuwait_with_longitude_first_and_nowhere_is_null(register: Register) -> None:
    features = json.loads(body("shops.geojson"))["features"]
    assert {feature["geometry"] is None for feature in features} == {True, False}
    for feature in features:
        if feature["geometry"]:
            east, north = feature["geometry"]["coordinates"]
            assert 46 < east < 50 and 28 < north < 31
            assert (feature["properties"]["longitude"], feature["properties"]["latitude"]) == (east, north)


def test_the_three_files_say_the_same(register: Register) -> None:
    lines = {row["id"]: row for row in map(json.loads, body("shops.jsonl").decode().splitlines())}
    features = {f["id"]: f["properties"] for f in json.loads(body("shops.geojson"))["features"]}
    assert lines == features
    for row in csv_rows(body("shops.csv").decode()):
        assert row == {name: "" if value is None else str(value) for name, value in lines[row["id"]].items()}


def test_sizes_and_hashes_are_those_of_the_bytes_and_twins_hold_the_same(register: Register) -> None:
    listing = listed()
    assert listing["rows"] == 25 and not listing["stale"] and len(listing["files"]) == 6
    for said in listing["files"]:
        for url in (said["url"], said["edition_url"]):
            content = body(url.partition("/open-data/")[2])
            assert (len(content), hashlib.sha256(content).hexdigest()) == (said["bytes"], said["sha256"])
        if said["is_compressed"]:
            assert gzip.decompress(content) == body(said["name"].removesuffix(".gz"))
    etag = next(f'"{said["sha256"]}"' for said in listing["files"] if said["name"] == "shops.csv")
    answer = Client().get("/open-data/shops.csv", headers={"if-none-match": etag})
    assert answer.status_code == 304


def test_nothing_but_the_columns_of_the_table_is_published(register: Register) -> None:
    whole = b"".join(body(f"shops.{form}") for form in formats.MEDIA_TYPES)
    for secret in ("شركة الواجهة", "Interface Company", "88101"):
        assert secret.encode() not in whole
    columns = {row["name"]: row for row in listed()["dictionary"]}
    assert list(columns) == list(table.NAMES)
    assert set(feed_views.row_serializer().fields) == set(table.NAMES)
    for name, field in feed_views.row_serializer().fields.items():
        assert field.allow_null == columns[name]["nullable"], name
    for row in columns.values():
        assert row["label_ar"] != row["label_en"] and row["note_ar"] != row["note_en"]
    first = json.loads(body("shops.jsonl").splitlines()[0])
    assert list(first) == list(table.NAMES)


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1+1", "-1+2", "@SUM(A1)", "\t=1", "＝1"])
def test_a_formula_in_a_name_is_harmless_in_the_csv_and_itself_elsewhere(
    name: str, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shop.objects.filter(pk=register.with_events.pk).update(name_en=name)
    writer.publish()
    named = {row["id"]: row["name_en"] for row in csv_rows(body("shops.csv").decode())}
    assert named[register.with_events.public_id] == f"'{name}"
    line = next(json.loads(x) for x in body("shops.jsonl").decode().splitlines() if register.with_events.public_id in x)
    assert line["name_en"] == name
    monkeypatch.setattr(formats, "escape_formula", lambda value: value)
    writer.publish()
    named = {row["id"]: row["name_en"] for row in csv_rows(body("shops.csv").decode())}
    assert named[register.with_events.public_id] == name, "without the guard the formula would be in the file"


def fail_at(point: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    def fail(name: str) -> None:
        if name == point:
            raise OSError("the disk is full")

    for module in (formats, writer):
        monkeypatch.setattr(module, "failpoint", fail)
    return lambda: [monkeypatch.setattr(module, "failpoint", lambda _name: None) for module in (formats, writer)]


@pytest.mark.parametrize("point", ["shops.open_data.chunk", "shops.open_data.step", "shops.open_data.stored"])
def test_a_failed_night_leaves_the_last_good_edition(point: str, register: Register, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, listing = body("shops.jsonl"), listed()
    events.close(shop=register.shops[3], source="moci", actor=TESTS)
    mend = fail_at(point, monkeypatch)
    with pytest.raises(OSError, match="full"):
        writer.publish()
    assert body("shops.jsonl") == before and Edition.objects.filter(dataset="shops").count() == 1
    assert listed() == listing
    assert list((store / "open-data.part").iterdir()) == [], "no half file is left"
    mend()
    writer.publish()
    assert body("shops.jsonl") != before


def test_whoever_reads_an_old_file_reads_it_to_its_end(register: Register) -> None:
    reading = Client().get("/open-data/shops.jsonl")
    events.close(shop=register.shops[3], source="moci", actor=TESTS)
    first = Edition.objects.get(dataset="shops")
    for _ in range(writer.KEPT_EDITIONS + 1):
        writer.publish()
    assert not default_storage.exists(writer.path_of(first, "shops.jsonl"))
    said = next(one for one in first.files if one["name"] == "shops.jsonl")
    assert hashlib.sha256(b"".join(reading.streaming_content)).hexdigest() == said["sha256"]
    assert Client().get(f"/open-data/{first.folder}/shops.jsonl").status_code == 404


@pytest.mark.parametrize("language", ["ar", "en"])
def test_page_and_interface_warn_when_a_night_failed(language: str, frozen_clock: Clock, db: Any, store: Path) -> None:
    def warned() -> tuple[bool, bool]:
        page = BeautifulSoup(Client().get(f"/{language}/open-data/").content, "html.parser")
        return page.select_one(".kp-notice--warn") is not None, listed()["stale"]

    assert warned() == (True, True), "nothing was ever written"
    fill(2)
    publish_all()
    assert warned() == (False, False)
    frozen_clock.move(hours=25)
    assert warned() == (False, False)
    frozen_clock.move(hours=2)
    assert warned() == (True, True)


def test_the_page_shows_rows_sizes_and_hashes(register: Register) -> None:
    page = Client().get("/en/open-data/").content.decode()
    for said in [said for one in dictionary.listing()["sets"] for said in one["files"]]:
        assert said["sha256"] in page and f"/open-data/{said['name']}" in page
    assert "Creative Commons" in page and clock.today().strftime("%Y") in page


def test_the_worker_writes_the_files_every_night(register: Register, outbox: Callable[..., int], frozen_clock: Clock) -> None:
    from municipality.jobs import services as jobs

    before = Edition.objects.count()
    for _day in range(2):
        frozen_clock.move(days=1)
        jobs.enqueue_periodic()
        outbox("shops.find_unmarked_changes", "shops.open_data", "shops.number_changes")
    assert Edition.objects.count() == before + 2 * len(OPEN_SETS)


def test_writing_holds_no_more_rows_than_a_chunk(register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million rows are read as they are written: none is asked for before the one a chunk earlier is on its way."""
    row = next(row for _, row in table.rows(clock.today()))
    monkeypatch.setattr(formats, "CHUNK", 10)
    ahead: list[int] = []
    written = 0
    write = formats.Output.write

    def counting(out: Any, data: bytes) -> int:
        nonlocal written
        written += data.count(b"\n")
        return write(out, data)

    monkeypatch.setattr(formats.Output, "write", counting)

    def rows() -> Any:
        for number in range(200):
            ahead.append(number - written)
            yield row

    lines = tmp_path / "x.jsonl"
    with formats.writing(lines) as made:
        assert formats.write_lines(made.out, table.NAMES, rows()) == 200
        made.finish()
    assert max(ahead) <= 10
    written = 0
    most = max_lines_at_once(monkeypatch)
    formats.write_csv(lines, tmp_path / "x.csv", table.NAMES)
    formats.write_geojson(lines, tmp_path / "x.geojson", {"licence": "x"})
    assert len(json.loads((tmp_path / "x.geojson").read_bytes())["features"]) == 200 and most() <= 11


def max_lines_at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """From now on: the most lines that were ever written in one piece."""
    pieces: list[int] = []
    write = formats.Output.write
    monkeypatch.setattr(formats.Output, "write", lambda out, data: pieces.append(data.count(b"\n")) or write(out, data))
    return lambda: max(pieces)


def test_the_page_calls_no_published_set_missing() -> None:
    assert not {str(title) for title, _why in LATER} & {str(one.counted) for one in OPEN_SETS.values()}
