"""The address that keeps photos of a report that is being written: what it tells, and what it survives (reliability U1)."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from municipality.kernel import clock
from municipality.uploads.models import Upload
from reports.models import HeldPhoto
from reports.views import photos as views
from tests.conftest import NOON
from tests.factories import report_photos

pytestmark = pytest.mark.django_db


def send(client: Client, content: bytes | None = None, key: str = "", **more: Any) -> Any:
    return client.post(reverse("reports:photo_held"), {"key": key or str(uuid4()), "photo": report_photos.file(content), **more})


def test_time_and_place_of_the_photo_are_told(client: Client) -> None:
    key = str(uuid4())
    with clock.at(NOON):
        answer, again = send(client, key=key), send(client, key=key)
    assert (answer.status_code, again.status_code) == (201, 200) and answer.json() == again.json()
    told = answer.json()
    assert (told["latitude"], told["longitude"]) == (pytest.approx(29.3328, abs=1e-5), pytest.approx(48.0283, abs=1e-5))
    assert parse_datetime(told["captured_at"]) == NOON - dt.timedelta(minutes=30)
    assert HeldPhoto.objects.count() == Upload.objects.count() == 1


def test_the_time_of_the_device_counts_where_the_camera_wrote_none(client: Client) -> None:
    plain = report_photos.camera(time="", place=(51.5, 0.1))  # elsewhere
    with clock.at(NOON):
        told = send(client, plain, photo_at="2026-11-24T08:00:00Z").json()
    assert parse_datetime(told["captured_at"]) == NOON - dt.timedelta(hours=1)
    assert (told["latitude"], told["longitude"]) == (None, None)


@pytest.mark.parametrize(
    ("content", "status", "code"), [(b"", 400, "no_file"), (b"%PDF-1.7", 400, "not_a_photo"), (b"x" * (11 << 20), 413, "too_large")]
)
def test_a_refusal_has_a_sentence(client: Client, content: bytes, status: int, code: str) -> None:
    answer = send(client, content)
    assert answer.status_code in (status, 400) and answer.json()["code"] in (code, "empty") and answer.json()["sentence"]


def test_what_is_found_later_is_told_the_next_time(client: Client, outbox: Callable[..., int]) -> None:
    key, broken = str(uuid4()), b"\xff\xd8\xff broken"
    assert send(client, broken, key).status_code == 201
    outbox("uploads.inspect")
    answer = send(client, broken, key)
    assert (answer.status_code, answer.json()["code"]) == (409, "broken")


def test_one_address_keeps_so_many_photos_in_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PHOTOS", 2)
    assert [send(client, report_photos.camera(seed)).status_code for seed in range(3)] == [201, 201, 429]


def _spoil(client: Client, count: int, monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    monkeypatch.setattr(views, "PHOTOS", 10_000)
    client.raise_request_exception = False
    chance, seeds = random.Random(17), [report_photos.camera(seed) for seed in range(20)]
    names = ["photo.jpg", "a.jpg.exe", "../../etc/passwd", "x" * 300 + ".jpg", "\u202egpj.exe", "<img src=x>.png", "con", "صورة.jpg"]
    ends: Counter[int] = Counter()
    for number in range(count):
        file = report_photos.file(report_photos.spoiled(seeds[number % 20], chance))
        file.name = chance.choice(names)
        key = chance.choice([str(uuid4()), "", "x" * 500, "../x", "a\0b"]) if number % 10 == 0 else str(uuid4())
        ends[client.post(reverse("reports:photo_held"), {"key": key, "photo": file, "photo_at": chance.choice(names)}).status_code] += 1
    return ends


def test_spoiled_photos_break_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = _spoil(client, 60, monkeypatch)
    assert set(ends) <= {201, 400, 409}, ends


@pytest.mark.slow
def test_a_thousand_spoiled_photos_break_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = _spoil(client, 1000, monkeypatch)
    assert set(ends) <= {201, 400, 409} and ends[201] > 500, ends
