"""What a phone has kept is received as the form receives it: once, with the time of the phone, and never too late."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from municipality.kernel import clock
from municipality.places.models import Area
from reports.models import HeldPhoto, Report
from reports.reporters import phones
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories import report_photos
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def fields(**changed: str) -> dict[str, str]:
    area = str(Area.objects.get(name_en="Hawalli").pk)
    given = {"key": str(uuid4()), "opened": (NOON - dt.timedelta(hours=3)).isoformat(), "category": "waste", "area": area, "who": "nobody"}
    return given | {"words": "أنقاض", "position": "29.3328, 48.0283", "source": "device", "accuracy": "9"} | changed


def send(client: Client, sent: dict[str, str]) -> Any:
    with clock.at(NOON):
        return client.post(reverse("reports:send"), sent)


def test_a_kept_report_is_received_once_with_the_time_of_the_phone(client: Client) -> None:
    sent = fields()
    client.get(reverse("reports:send"))  # the browser is known from here on
    with clock.at(NOON):
        client.post(reverse("reports:photo_held"), {"key": sent["key"], "photo": report_photos.file()})
    answer, again = send(client, sent), send(client, sent)
    assert (answer.status_code, again.status_code) == (201, 200) and answer.json() == again.json()
    report = Report.objects.get()
    assert (report.channel, report.captured_at, report.received_at) == ("app", NOON - dt.timedelta(hours=3), NOON)
    assert report.photos.count() == 1 and answer.json()["reference"] == report.number
    assert client.get(answer.json()["url"], follow=True).status_code == 200
    assert send(client, sent | {"category": "hazard", "hazard-fire_or_gas": "no"}).status_code == 409


def test_one_with_a_confirmed_number_may_be_sent_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = fields(who="phone", phone="55512345")
    client.get(reverse("reports:send"))
    with monkeypatch.context() as confirmed:
        confirmed.setattr(phones, "is_confirmed", lambda key, phone: True)
        assert send(client, sent).status_code == 201
    assert send(client, sent).status_code == 200 and send(Client(), sent).status_code == 409


def test_a_photo_says_where_it_is_at_each_try(client: Client) -> None:
    sent = fields(area="", position="", source="")
    client.get(reverse("reports:send"))
    with clock.at(NOON):
        client.post(reverse("reports:photo_held"), {"key": sent["key"], "photo": report_photos.file()})
    assert [send(client, sent).status_code for _ in range(2)] == [201, 200]


def test_a_photo_that_is_removed_on_the_form_is_kept_no_more(client: Client) -> None:
    sent, url = fields(), reverse("reports:photo_held")
    told = client.post(url, {"key": sent["key"], "photo": report_photos.file()}).json()
    for key, left in ((str(uuid4()), 1), (sent["key"], 0)):  # nobody removes the photo of another report
        assert client.post(url, {"key": key, "remove": told["id"]}).status_code == 200 and HeldPhoto.objects.count() == left


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_cannot_be_is_now(client: Client, time: str) -> None:
    sent = fields(opened=time)
    with clock.at(NOON):
        photo = {"key": sent["key"], "photo": report_photos.file(report_photos.camera(place=None)), "photo_at": time}
        assert client.post(reverse("reports:photo_held"), photo).status_code == 201
    assert send(client, sent).status_code == 201 and Report.objects.get().captured_at == NOON


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"category": ""}, 400, "bad_facts"),
        ({"key": "x"}, 400, "bad_facts"),
        ({"opened": "2026-11-10T09:00:00Z"}, 409, "too_late"),
        ({"category": "hazard", "hazard-fire_or_gas": "yes"}, 409, "emergency"),
        ({"who": "phone", "phone": "55512345"}, 409, "phone_unconfirmed"),
        ({"who": "person"}, 403, "sign_in"),
    ],
)
def test_what_cannot_be_received_is_told_to_the_phone(client: Client, changed: dict[str, str], status: int, code: str) -> None:
    answer = send(client, fields(**changed))
    assert (answer.status_code, answer.json()["code"]) == (status, code) and answer.json()["sentence"]
    assert not Report.objects.exists()


def test_of_an_emergency_no_photo_is_kept(client: Client) -> None:
    sent = fields(category="hazard", **{"hazard-fire_or_gas": "yes"})
    with clock.at(NOON):
        client.post(reverse("reports:photo_held"), {"key": sent["key"], "photo": report_photos.file()})
    assert HeldPhoto.objects.exists()
    assert send(client, sent).json()["code"] == "emergency" and not HeldPhoto.objects.exists()


def test_the_token_is_asked_for_and_needed() -> None:
    browser = Client(enforce_csrf_checks=True)
    token = browser.get(reverse("reports:send")).json()["token"]
    assert send(browser, fields()).status_code == 403
    assert send(browser, fields(csrfmiddlewaretoken=token)).status_code == 201


def test_a_report_with_a_name_is_sent_only_for_whoever_kept_it() -> None:
    first, other = signed_in(UserFactory()), signed_in(UserFactory())
    page = first.get("/ar/report/").content.decode()
    found = re.search(r'name="person" value="([0-9a-f]{32})"', page)
    assert found is not None
    sent = fields(who="person", person=found[1])
    for client in (Client(), other):
        answer = send(client, sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "sign_in") and not Report.objects.exists()
    assert send(other, sent | {"person": ""}).status_code == 403
    assert send(first, sent).status_code == 201


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_app_can_be_installed(client: Client, language: str) -> None:
    page = client.get(f"/{language}/report/").content.decode()
    assert {"ar": "يطلع موظف على كل صورة قبل عرضها", "en": "An employee looks at each photo before it is shown"}[language] in page
    assert f'<link rel="manifest" href="/{language}/report/app.webmanifest">' in page
    manifest = client.get(f"/{language}/report/app.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    facts = manifest.json()
    assert (facts["scope"], facts["lang"]) == (f"/{language}/report/", language)
    assert facts["share_target"]["action"] == f"/{language}/report/share/"
    worker = client.get(f"/{language}/report/worker.js")
    large = {"ar": "حجم إحدى الصور أكبر من المسموح ولم تصل.", "en": "A photo was too large and was not received."}[language]
    assert f'large: "{large}"' in worker.content.decode() and f'data-text-large="{large}"' in page
    assert worker["Content-Type"] == "text/javascript" and f'"/{language}/report/"' in worker.content.decode()
    assert all(f'data.has("{name}")' in worker.content.decode() for name in ("send", "check", "change", "_language"))
    assert client.post(facts["share_target"]["action"]).headers["Location"] == f"/{language}/report/"
