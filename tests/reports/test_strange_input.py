"""Whatever is sent to the pages of reports: an answer below 500 within a second, and a report is stored whole or not at all (U10).

FUZZ_EXAMPLES is the number of examples of each test: without it few and the same ones each time, with it others at each run.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.places.models import Area
from municipality.uploads.states import UploadState
from reports.models import HeldPhoto, Report, ReportPhoto
from reports.models.reporter import Reporter
from reports.open311 import keys
from reports.open311.parameters import ParameterReader
from reports.photos import metadata
from reports.reporters import services as reporters
from tests.factories import reports
from tests.factories.accounts import StaffFactory
from tests.published_rules import publish_rules
from tests.reports import strange

pytestmark = pytest.mark.django_db
LONG = int(os.environ.get("FUZZ_EXAMPLES", "0"))
LONGEST = 20.0  # seconds of the processor for one answer: what hangs takes minutes, a busy machine some seconds
PAGES = (
    *("/en/reports/map/", "/en/reports/map.geojson", "/en/report/near/", "/en/report/", "/en/reports/", "/en/reports/figures/"),
    *("/en/report/sent/{}/", "/en/reports/{}/", "/en/reports/{}/mine/", "/en/reports/photos/{}.jpg", "/en/reports/bans/{}/"),
    *("/en/reports/follow/stop/{}", "/open311/v2/requests/{}.json", "/open311/v2/services/{}.xml", "/open311/v2/tokens/{}.json"),
    *("/open311/v2/requests.json", "/open311/v2/requests.xml", "/open311/v2/servicerequestupdates.json", "/open311/discovery.xml"),
)
PARAMETERS = (
    *("box", "area", "category", "standing", "view", "before", "position", "shop", "board", "check", "new", "s", "service_code", "status"),
    *("start_date", "end_date", "updated_after", "page", "page_size", "lat", "long", "radius", "service_request_id", "extensions"),
    *("locale", "jurisdiction_id", "detailed_status", "api_key"),
)
POSTS = ("/en/report/photos/", "/en/report/send/")
KINDS = ("multipart/form-data; boundary=b", "multipart/form-data", "application/json", "x", "")
_addresses = count(1)


def examples(few: int) -> Callable[[Any], Any]:
    """So many examples, the same each time; in a long run as many as it wants, and others each time."""
    return settings(
        max_examples=LONG or few,
        derandomize=not LONG,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],  # to make what was found smaller takes long
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(autouse=True)
def portal(db: None, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    publish_rules()


@pytest.fixture
def key() -> str:
    """The key of another system, which sends as much as it likes."""
    return keys.make(name="Ahmadi", contact="city@example.test", per_hour=10**6, by=StaffFactory(groups=["operator"]))[1]


def client() -> Client:
    """A browser at an address of its own, so that no limit of senders stands in the way."""
    number = next(_addresses)
    return Client(raise_request_exception=False, REMOTE_ADDR=f"10.{number // 62_500}.{number // 250 % 250}.{1 + number % 250}")


def answered(ask: Callable[[], Any]) -> Any:
    """The answer, which must be one."""
    began = time.process_time()
    answer = ask()
    assert answer.status_code < 500, (answer.status_code, answer.content[:300])
    assert time.process_time() - began < LONGEST, "a hang"
    return answer


def stored() -> Counter[str]:
    """What there is of reports; of a whole one each part is there once."""
    return Counter(
        reports=Report.objects.count(),
        reporters=Reporter.objects.count(),
        log=AuditEvent.objects.filter(action="report.received").count(),
        draws=Job.objects.filter(kind="reports.assign").count(),
    )


def whole(before: Counter[str], most: int) -> int:
    """How many reports were stored since; each has all its parts."""
    more = stored() - before
    assert set(more.values()) <= {more["reports"]} and len(more) in (0, 4) and more["reports"] <= most, more
    return more["reports"]


def form(**changed: str) -> dict[str, str]:
    area = str(Area.objects.get(name_en="Hawalli").pk)
    given = {"key": str(uuid4()), "opened": clock.now().isoformat(), "category": "waste", "who": "nobody", "words": "أنقاض", "area": area}
    more = {
        "position": "29.3328, 48.0283",
        "source": "device",
        "accuracy": "9",
        "waste-blocks_road": "no",
        "street_block": "3",
        "street": "5",
    }
    extra = {"place_note": "", "shop": "", "board": "", "phone": "", "code": "", "remove": "", "person": "", "_language": ""}
    return given | more | extra | changed


@pytest.mark.parametrize("path", ["/en/report/send/", "/ar/report/"])
def test_a_form_is_received_whole_or_not_at_all(path: str) -> None:
    good, taken = form(), 0

    @examples(60)
    @given(strange.changed(good), st.booleans())
    def send(sent: dict[str, Any], is_same: bool) -> None:
        nonlocal taken
        before = stored()
        if sent.get("key") == good["key"] and not is_same:
            sent["key"] = str(uuid4())
        data = sent if path.endswith("send/") else {**sent, "send": "1"}
        if not data.get("_language"):
            data.pop("_language", None)
        answer = answered(lambda: client().post(path, data))
        made = whole(before, 1)
        assert not made or answer.status_code in (201, 302)
        taken += made

    send()
    assert taken > 5, "most forms are right but for a field that is not needed"


def test_a_photo_is_kept_or_refused_and_never_half() -> None:
    ends: Counter[int] = Counter()

    @examples(80)
    @given(strange.pictures, strange.texts, st.sampled_from(["a.jpg", "a.heic", "a.php", "\u202egpj.exe", "x" * 300]))
    def send(content: bytes, at: str, name: str) -> None:
        key, before = str(uuid4()), HeldPhoto.objects.count()
        metadata.read(io.BytesIO(content))  # the control looks at it alone
        file = SimpleUploadedFile(name, content, content_type="image/jpeg")
        answer = answered(lambda: client().post("/en/report/photos/", {"key": key, "photo": file, "photo_at": at}))
        held = HeldPhoto.objects.filter(key=key).select_related("upload").first()
        assert answer.status_code in (201, 400, 409, 413) and HeldPhoto.objects.count() == before + (held is not None)
        if answer.status_code == 201:
            assert held is not None and held.upload.received == held.upload.size == len(content)
        else:  # what is no picture at all is refused as it arrives
            assert held is None or held.upload.state == UploadState.REFUSED
        ends[answer.status_code] += 1

    send()
    assert ends[201] > 10 and ends[400] + ends[409] > 1


def test_what_no_decoder_can_read_is_refused_by_its_child(outbox: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures themselves, a report each: the job ends, the photo is ready with a copy or refused, and the report stays."""
    ends: Counter[str] = Counter()

    @examples(8)
    @given(st.lists(strange.pictures.filter(lambda content: content and not content.startswith(b"%PDF")), min_size=1, max_size=3))
    def look(contents: list[bytes]) -> None:
        key, browser = str(uuid4()), client()
        for content in contents:
            browser.post("/en/report/photos/", {"key": key, "photo": SimpleUploadedFile("a.jpg", content)})
        report = reports.received(key=key)
        outbox("uploads.inspect")
        outbox("reports.public_copy")
        for photo in ReportPhoto.objects.filter(report=report).select_related("upload"):
            assert photo.upload.state in (UploadState.READY, UploadState.REFUSED)
            assert (photo.upload.state == UploadState.READY) == (photo.copy_id is not None)
            ends[photo.upload.state] += 1
        assert not Job.objects.filter(kind__in=["uploads.inspect", "reports.public_copy"]).exclude(state="done").exists()

    look()
    assert ends[UploadState.REFUSED] > 3


@pytest.mark.parametrize("form_of", ["json", "xml"])
def test_another_system_is_told_what_is_wrong(key: str, form_of: str) -> None:
    taken = 0
    good = {"api_key": key, "service_code": "waste", "lat": "29.3328", "long": "48.0283", "description": "أنقاض", "email": "a@example.test"}
    good |= {"attribute[blocks_road]": "no", "attribute[fixmystreet_id]": "1", "address_string": "", "address_id": "", "phone": ""}
    good |= {"media_url": "", "device_id": "", "locale": "", "jurisdiction_id": "", "attribute[]": "", "attribute[x][": ""}

    @examples(40)
    @example({**good, "lat": "north"}, b"", "media")
    @given(strange.changed(good), strange.pictures, st.sampled_from(["media", "media[]", "photo1", "file_1", "api_key"]))
    def send(sent: dict[str, Any], content: bytes, part: str) -> None:
        nonlocal taken
        before = stored()
        if sent.get("attribute[fixmystreet_id]") == "1":
            sent["attribute[fixmystreet_id]"] = str(uuid4())
        data = {**sent, part: SimpleUploadedFile("a.jpg", content)} if part not in sent or part == "api_key" else sent
        answer = answered(lambda: client().post(f"/open311/v2/requests.{form_of}", data))
        made = whole(before, 1)
        assert not made or answer.status_code == 200
        if form_of == "json":
            json.loads(answer.content)
        taken += made

    @examples(25)
    @given(st.binary(max_size=300), st.sampled_from(KINDS))
    @example(b"--b\r\nContent-Disposition: form-data; name=", "multipart/form-data; boundary=b")
    def send_bytes(body: bytes, kind: str) -> None:
        before = stored()
        for path in (f"/open311/v2/requests.{form_of}", f"/open311/v2/servicerequestupdates.{form_of}", *POSTS):
            answered(lambda path=path: client().post(path, body, content_type=kind))  # type: ignore[misc]
        assert whole(before, 0) == 0

    send()
    send_bytes()
    assert taken > 2


def test_addresses_queries_and_tokens_lead_somewhere_or_nowhere(key: str) -> None:
    row = reports.received()
    known = [row.public_id, row.number, reporters.secret_of(row.key), key]
    values = st.one_of(st.sampled_from([one.encode() for one in known]), strange.queries)

    @examples(200)
    @given(st.sampled_from(PAGES), values, st.dictionaries(st.sampled_from(PARAMETERS), values, max_size=4))
    def ask(path: str, token: bytes, query: dict[str, bytes]) -> None:
        before = stored()
        address = path.replace("{}", quote_from_bytes(token, safe="") or "x")
        asked = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in query.items())
        answered(lambda: client().get(f"{address}?{asked}"))
        assert whole(before, 0) == 0

    ask()


def test_a_parser_that_raises_and_a_report_that_is_stored_in_half_are_found(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red controls."""
    with monkeypatch.context() as careless:
        careless.setattr(ParameterReader, "number", lambda self, name, least, most: float(self.text(name) or "0"))
        with pytest.raises(BaseException, match="500"):
            test_another_system_is_told_what_is_wrong(key, "json")
    with monkeypatch.context() as careless:
        careless.setattr(reporters, "attach", lambda report, sender: None)
        with pytest.raises(AssertionError):
            test_a_form_is_received_whole_or_not_at_all("/en/report/send/")
    with monkeypatch.context() as careless:
        careless.setattr(metadata, "in_kuwait", lambda latitude, longitude: 1 / 0)
        careless.setattr(metadata, "Metadata", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            test_a_photo_is_kept_or_refused_and_never_half()
