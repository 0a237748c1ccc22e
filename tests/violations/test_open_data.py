"""Violations as open data: what the pages of shops show, contested as contested, annulled not at all, and never a person."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from municipality.places.models import Area
from shops.models import Shop
from shops.office.services import merges
from shops.open_data import dictionary, formats, writer
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.violations import ObjectionFactory
from tests.serving import warm
from tests.violations.conftest import decide, pay
from violations import open_data, publication
from violations.models import Violation
from violations.services import notices

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    cache.clear()


def body(name: str) -> str:
    answer = Client().get(f"/open-data/{name}")
    assert answer.status_code == 200, name
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def published() -> dict[str, dict[str, Any]]:
    """The rows of a file that is written now, by id."""
    writer.publish("violations")
    return {row["id"]: row for row in map(json.loads, body("violations.jsonl").splitlines())}


def served(write: Callable[..., Violation], owner: User, **facts: Any) -> Violation:
    row = write(**facts)
    notices.record_opening(violation=row, person=owner)
    return row


def again(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


def test_only_what_stands_on_the_page_is_in_the_file_and_looks_as_it_does_there(
    write: Callable[..., Violation], shop: Shop, owner: User, frozen_clock: Clock, decider: Callable[..., Any]
) -> None:
    quiet = served(write, owner)
    minutes = []
    for _ in range(3):
        frozen_clock.move(days=1)
        minutes.append(served(write, owner))
    settled, contested, lost = minutes
    assert published() == {}, "what is between the Municipality and its party is nobody else's"
    pay(settled, owner)
    decide(ObjectionFactory(violation=lost, person=owner), decider, uphold=False)
    ObjectionFactory(violation=contested, person=owner)  # afterwards: the lot may give both to one branch, whose queue is in order
    rows = published()
    assert set(rows) == {settled.public_id, contested.public_id, lost.public_id}
    assert quiet.public_id not in rows
    final = rows[settled.public_id]
    assert (final["standing"], final["outcome"], final["outcome_en"]) == ("final", "paid", "Settled and paid")
    assert final["final_on"] == clock.today().isoformat() and final["shop"] == shop.public_id
    assert (final["offence"], final["article_en"]) == (settled.offence, settled.offence_facts["article_en"])
    assert final["area"] == shop.area_id and final["seen_on"] == clock.day_of(settled.seen_at).isoformat()
    for row, stage, words in ((contested, "objected", "Under objection"), (lost, "lost", "Objection refused, not final yet")):
        said = rows[row.public_id]
        assert (said["standing"], said["outcome"], said["outcome_en"], said["final_on"]) == ("contested", stage, words, None)
        assert said["outcome_ar"] != said["outcome_en"]
    page = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    for key, said in rows.items():
        assert f"finding-{key}" in page and said["outcome_en"] in page


def test_an_annulled_one_leaves_the_file_of_the_next_night(
    write: Callable[..., Violation], owner: User, decider: Callable[..., Any]
) -> None:
    row = served(write, owner)
    objection = ObjectionFactory(violation=row, person=owner)
    assert list(published()) == [row.public_id]
    decide(objection, decider, uphold=True)
    assert published() == {} and body("violations.csv").count("\n") == 1
    assert dictionary.newest_edition("violations").rows == 0  # type: ignore[union-attr]


def test_without_the_rule_of_publication_every_report_would_be_public(
    write: Callable[..., Violation], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what asks the rule is what keeps an open violation out."""
    row = served(write, owner)
    assert published() == {}
    monkeypatch.setattr(publication, "_MAY_BE_PUBLIC", ~publication.Q(pk=0))
    assert published() == {}, "the rule alone refuses it"
    monkeypatch.setattr(publication, "public_status", lambda *_: ("contested", "objected"))
    assert list(published()) == [row.public_id]


def test_no_person_number_or_word_of_the_case_is_in_any_file(
    write: Callable[..., Violation], shop: Shop, owner: User, frozen_clock: Clock, inspector: User
) -> None:
    settled = served(write, owner)
    frozen_clock.move(days=1)
    contested = served(write, owner)
    pay(settled, owner)
    ObjectionFactory(violation=contested, person=owner)
    assert len(published()) == 2
    whole = "".join(body(f"violations.{form}") for form in formats.MEDIA_TYPES)
    for secret in (
        settled.number,
        contested.number,
        owner.name_ar,
        owner.name_en,
        inspector.name_ar,
        settled.note_ar,
        "لم تكن الأكياس لنا",
    ):
        assert secret and secret not in whole
    assert str(settled.visit.latitude) not in whole, "the place is the shop's, not that of the evidence"


def test_each_file_is_what_its_published_schema_says(
    write: Callable[..., Violation], make_shop: Callable[..., Shop], owner: User, frozen_clock: Clock
) -> None:
    placed = make_shop(latitude=29.3512, longitude=48.0123)
    for where in (placed, make_shop()):
        pay(served(write, owner, shop=where), owner)
        frozen_clock.move(days=1)
    rows = published()
    assert len(rows) == 2
    read = list(csv.DictReader(io.StringIO(body("violations.csv").removeprefix("\ufeff"))))
    collection = json.loads(body("violations.geojson"))
    assert [feature["properties"] for feature in collection["features"]] == list(rows.values())
    places = {feature["geometry"] and tuple(feature["geometry"]["coordinates"]) for feature in collection["features"]}
    assert places == {(48.0123, 29.3512), None}
    assert "cursor" not in collection and read[0]["latitude"] == "29.3512" and read[1]["latitude"] == ""
    for name, found in {"jsonl": rows.values(), "csv": read, "geojson": [collection]}.items():
        schema = json.loads(body(f"violations.{name}.schema.json"))
        jsonschema.Draft202012Validator.check_schema(schema)
        for one in found:
            jsonschema.validate(one, schema, cls=jsonschema.Draft202012Validator)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**next(iter(found)), "party": "x"}, schema, cls=jsonschema.Draft202012Validator)


def test_what_was_found_at_an_entry_stands_at_the_shop_that_it_was_merged_into(
    write: Callable[..., Violation], shop: Shop, make_shop: Callable[..., Shop], owner: User
) -> None:
    row = served(write, owner)
    pay(row, owner)
    into = make_shop(area=Area.objects.exclude(pk=shop.area_id)[0], latitude=29.3512, longitude=48.0123)
    assert published()[row.public_id]["shop"] == shop.public_id
    clerk, keeper = (StaffFactory(groups=[group], login=group) for group in ("register_clerk", "register_keeper"))
    merges.allow(merge=merges.propose(shop=shop, into=into, note_ar="المحل نفسه", asked_by=clerk), allowed_by=keeper)
    page = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert f"finding-{row.public_id}" in page and "1 final violation" in page
    ((key, said),) = published().items()
    assert key == row.public_id and (said["shop"], said["area"]) == (into.public_id, into.area_id)
    assert (said["latitude"], said["governorate"]) == (into.latitude, into.area.governorate_id)
    merges.allow(merge=merges.propose_split(shop=shop, note_ar="المحلان مختلفان", asked_by=clerk), allowed_by=keeper)
    assert published()[row.public_id]["shop"] == shop.public_id
    assert f"finding-{row.public_id}" not in Client().get(f"/en/shops/{into.public_id}/", follow=True).content.decode(), "the control"


def test_minutes_stream_and_statements_do_not_grow_with_them(
    write: Callable[..., Violation], owner: User, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(monkeypatch)
    counts = []
    for _round in range(2):
        for _ in range(2):
            frozen_clock.move(days=1)
            pay(served(write, owner), owner)
        with CaptureQueriesContext(connection) as queries:
            rows = open_data.rows(clock.today())
            assert iter(rows) is rows, "an iterator, no list"
            found = list(rows)
        counts.append((len(queries), len(found)))
    assert counts[0][0] == counts[1][0] <= 8 and (counts[0][1], counts[1][1]) == (2, 4)


def test_listing_and_page_say_that_the_set_is_replaced_whole(write: Callable[..., Violation], owner: User) -> None:
    pay(served(write, owner), owner)
    published()
    said = {one["key"]: one for one in Client().get("/api/v1/open-data/").json()["sets"]}
    assert list(said) == list(OPEN_SETS) == ["plots", "land_use", "shops", "boards", "violations", "reports"]
    mine, shops = said["violations"], said["shops"]
    assert (mine["rows"], mine["stale"], mine["cursor"], mine["changes"]) == (1, False, None, None)
    assert shops["stale"] and shops["changes"], "each set is as fresh as its own last night"
    assert (
        [one["name"] for one in mine["dictionary"]]
        == [field.name for field in open_data.COLUMNS]
        == list(json.loads(body("violations.jsonl")))
    )
    for one in mine["dictionary"]:
        assert one["label_ar"] != one["label_en"] and one["note_ar"] != one["note_en"]
    page = Client().get("/en/open-data/").content.decode()
    assert "the whole set is replaced every night" in page and "/open-data/violations.csv" in page
    assert "it would be empty" in page and Client().get("/open-data/boards.csv").status_code == 404
