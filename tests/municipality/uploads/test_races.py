"""What happens when one person sends from several devices at once: on PostgreSQL, with real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from municipality.accounts.models import User
from municipality.uploads import parts, services
from municipality.uploads.models import DailyUploads, Upload
from municipality.uploads.refusals import FileRefused
from tests.municipality.uploads.conftest import SUBJECT, Draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def at_once(number: int, act: Callable[[int], object]) -> list[str]:
    """Do the same from so many threads; the code of each refusal, `done` for none."""
    told: list[str] = []
    barrier = threading.Barrier(number)

    def one(place: int) -> None:
        try:
            barrier.wait(timeout=20)
            act(place)
            told.append("done")
        except FileRefused as refusal:
            told.append(refusal.code)
        except (services.OffsetDiffers, parts.PartBusy) as late:
            told.append(type(late).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return told


def test_the_last_places_of_a_day_are_given_once(draft: Draft, owner: User, settings: object) -> None:
    for _ in range(4):
        services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=10)
    DailyUploads.objects.update(files=48)
    told = at_once(8, lambda place: services.begin(owner=owner, subject=SUBJECT, slot="lease", name=f"{place}.jpg", size=10))
    assert sorted(told) == ["day_is_full"] * 6 + ["done"] * 2
    assert (DailyUploads.objects.get().files, Upload.objects.count()) == (50, 6)


def test_a_slot_for_one_file_takes_one(draft: Draft, owner: User) -> None:
    told = at_once(6, lambda place: services.begin(owner=owner, subject=SUBJECT, slot="drawing", name=f"{place}.jpg", size=10))
    assert sorted(told) == ["done"] + ["slot_full"] * 5


def test_of_two_pieces_for_the_same_place_one_is_kept(draft: Draft, owner: User) -> None:
    upload = services.begin(owner=owner, subject=SUBJECT, slot="lease", name="x.jpg", size=200_000)
    letters = b"abcd"

    def send(place: int) -> None:
        services.append(Upload.objects.get(pk=upload.pk), offset=0, content=letters[place : place + 1] * 100_000)

    told = at_once(4, send)
    assert told.count("done") == 1
    upload.refresh_from_db()
    content = parts.path(upload.public_id).read_bytes()
    assert upload.received == len(content) == 100_000 and len(set(content)) == 1
