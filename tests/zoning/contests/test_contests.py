"""A person contests what a layer says of a plot; planners decide; both values stay."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from shapely.affinity import translate

from municipality.audit.models import AuditEvent
from municipality.documents import store
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.models import ConflictOfInterest
from municipality.ui.templatetags.portal import day
from municipality.uploads import registry
from municipality.uploads import services as uploads
from municipality.uploads.inspection import Reencoded
from tests.browsers import signed_in
from tests.database_guards import drop_guard, without_guards
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.uploads import UploadFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer, repeal_layer
from zoning.answer.queries import ActivityQuestion
from zoning.contests import queries, services
from zoning.extract import services as extracts
from zoning.extract.facts import ExtractFacts
from zoning.models import Layer, LayerContest, LayerVersion, Plot, PlotChange, PlotSuccession

AROUND = SQUARE.buffer(0.02)
TYPED = {"should_be": "سكن استثماري", "reason": "وثيقة الملكية تذكر سكناً استثمارياً"}


@pytest.fixture
def plot(rules: None) -> Plot:
    make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)
    make_layer("road", covers=AROUND)
    return PlotFactory()


@pytest.fixture
def person(plot: Plot) -> Any:
    return PersonFactory()


@pytest.fixture
def planner(plot: Plot) -> Any:
    return StaffFactory(groups=["planner"], login="p")


def contested(plot: Plot, person: Any, layer: str = "land_use") -> LayerContest:
    return services.contest(plot=plot, layer=Layer.objects.get(pk=layer), person=person, **TYPED)


def marks(client: Client, plot: Plot) -> int:
    """How many topics of the plot's page are marked."""
    return client.get(f"/en/plots/{plot.public_id}/").content.decode().count("by an applicant since")


def extract_marks(plot: Plot) -> dict[str, str]:
    row = extracts.make(plot, clock.today(), None)
    assert row is not None
    return {layer.code: layer.contested_since for layer in ExtractFacts.load(row.document.facts).layers}


def test_a_contest_has_a_number_a_due_day_and_both_values_and_marks_page_and_extract(client: Client, plot: Plot, person: Any) -> None:
    today = clock.today().isoformat()
    assert marks(client, plot) == 0 and extract_marks(plot) == {"land_use": "", "road": ""}
    row = contested(plot, person)
    assert row.number.startswith("CON-") and row.due_on > clock.today() and row.rule == "limits.contest v1"
    assert row.said_en == "Private housing (100.0%)" and row.should_be == TYPED["should_be"]
    assert row.said_ar.endswith(" (\u2066100.0%\u2069)"), "the sign stands on the right of the number among Arabic words too"
    assert marks(client, plot) == 1 and extract_marks(plot) == {"land_use": today, "road": ""}
    made = extracts.make(plot, clock.today(), None)
    assert made is not None
    page = client.get(f"/en/zoning/extracts/{made.uuid}/").content.decode()
    assert f"by an applicant since {day(today)}" in page  # as everywhere: kept as an ISO date
    page = client.get(f"/en/plots/{plot.public_id}/").content.decode()
    assert "Private housing" in page and TYPED["should_be"] not in page, "the original stays, and nothing of the person is shown"
    assert AuditEvent.objects.filter(action="contests.sent", subject=row.key).count() == 1
    assert Message.objects.filter(person=person, kind="zoning.contest_sent").count() == 1


def test_the_same_person_contests_a_layer_of_a_plot_once_at_a_time(plot: Plot, person: Any) -> None:
    contested(plot, person)
    with pytest.raises(Refused, match="asked_already"):
        contested(plot, person)
    contested(plot, person, "road")
    contested(plot, PersonFactory(noura=True))


@pytest.fixture
def near_a_school(plot: Plot) -> Plot:
    make_layer("schools", ("school", translate(SQUARE, 0.0021, 0)), kind="objects", covers=AROUND)
    make_layer("kiosks", ("kiosk", translate(SQUARE, 0.0001, 0)), kind="objects", covers=AROUND)
    return plot


def test_the_object_that_refuses_an_activity_is_contested_and_marked_where_it_is_measured(
    client: Client, near_a_school: Plot, person: Any
) -> None:
    question = {"activity": "WSAL", "floor": "0"}
    page = client.get(f"/en/plots/{near_a_school.public_id}/", question).content.decode()
    assert f"/plots/{near_a_school.public_id}/contest/schools/" in page
    form = signed_in(person).get(f"/en/plots/{near_a_school.public_id}/contest/schools/").content.decode()
    row = contested(near_a_school, person, "schools")
    assert re.fullmatch(r"\S.*, 1\d\d\.\d m from the plot", row.said_en) and row.said_en in form and row.version is not None
    assert "من القسيمة" in row.said_ar
    page = client.get(f"/en/plots/{near_a_school.public_id}/", question).content.decode()
    assert page.count("by an applicant since") == 1 and marks(client, near_a_school) == 0
    made = extracts.make(near_a_school, clock.today(), ActivityQuestion("WSAL", 0))
    assert made is not None
    grounds = ExtractFacts.load(made.document.facts).answers[0].grounds
    marked = [ground.contested_since for ground in grounds if ground.limit_metres]
    assert marked == [clock.today().isoformat()] and all(not ground.contested_since for ground in grounds if not ground.limit_metres)


@pytest.mark.parametrize("layer", ["kiosks", "nothing"])
def test_what_no_distance_rule_asks_for_cannot_be_contested(near_a_school: Plot, person: Any, layer: str) -> None:
    assert signed_in(person).get(f"/en/plots/{near_a_school.public_id}/contest/{layer}/").status_code == 404
    if Layer.objects.filter(pk=layer).exists():
        with pytest.raises(Refused, match="not_said"):
            contested(near_a_school, person, layer)


def test_a_person_sends_so_many_a_day(plot: Plot, person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LIMIT", services.AttemptLimit("contests_of_a_test", 1, 60))
    contested(plot, person)
    with pytest.raises(Refused, match="too_often") as error:
        contested(plot, person, "road")
    assert error.value.status == 429


def test_who_brought_the_version_does_not_decide_about_it(plot: Plot, person: Any, planner: Any) -> None:
    row = contested(plot, person)
    load = ImportFile.objects.create(
        kind="layers",
        name="l",
        sha256="0" * 64,
        encoding="wgs84",
        content=store.put(b"l", "application/octet-stream"),
        branch=planner.branch,
        lines=1,
        loaded_by=planner,
        loaded_at=clock.now(),
    )
    without_guards()
    LayerVersion.objects.filter(layer="land_use").update(load=load)
    with pytest.raises(NotPermitted, match="same_person"):
        services.decide(contest=row, outcome="upheld", answer="نعم", article="", decided_by=planner)
    services.decide(contest=row, outcome="upheld", answer="نعم", article="", decided_by=StaffFactory(groups=["planner"], login="q"))


def test_who_has_a_conflict_of_interest_with_the_person_does_not_decide(plot: Plot, person: Any, planner: Any) -> None:
    row = contested(plot, person)
    tie = ConflictOfInterest.objects.create(
        officer=planner, party_key=person.key, kind="relative", declared_by=planner, declared_at=clock.now()
    )
    page = signed_in(planner).post(f"/admin/plots/contests/{row.public_id}/", {"outcome": "upheld", "answer": "نعم"})
    assert page.status_code == 409 and "تعارض مصالح" in page.content.decode()
    with pytest.raises(NotPermitted, match="tied"):
        services.decide(contest=row, outcome="upheld", answer="نعم", article="", decided_by=planner)
    ConflictOfInterest.objects.filter(pk=tie.pk).update(ended_at=clock.now(), ended_by=StaffFactory(supervisor=True, login="s"))
    services.decide(contest=row, outcome="upheld", answer="نعم", article="", decided_by=planner)


def renumbered(plot: Plot, number: str, day: dt.date) -> Plot:
    Plot.objects.filter(pk=plot.pk).update(valid_to=day)
    new = PlotFactory(number=number, valid_from=day)
    change = PlotChange.objects.create(kind="number", day=day, instrument_ar="قرار", instrument_en="Decision")
    PlotSuccession.objects.create(change=change, predecessor=plot, successor=new)
    return new


def test_new_numbers_of_the_plot_end_no_mark(client: Client, plot: Plot, person: Any, django_assert_num_queries: Any) -> None:
    row = contested(plot, person)
    today = clock.today()
    assert marks(client, PlotFactory(number="899", valid_from=today)) == 0
    last = plot
    for days in (2, 1, 0):
        last = renumbered(last, f"90{days}", today - dt.timedelta(days=days))
    with django_assert_num_queries(1):
        assert [standing.pk for standing in queries.standing(last, today)] == [row.pk]
    assert marks(client, last) == 1 and extract_marks(last)["land_use"] == today.isoformat()
    assert 'href="/en/zoning/contests/"' in signed_in(person).get(f"/en/plots/{last.public_id}/").content.decode()


def test_a_refusal_names_reason_and_article_and_ends_the_mark(client: Client, plot: Plot, person: Any, planner: Any) -> None:
    row = contested(plot, person)
    for outcome, answer, article, code in (
        ("refused", "x", " ", "no_article"),
        ("refused", " ", "x", "no_answer"),
        ("open", "x", "x", "no_outcome"),
    ):
        with pytest.raises(Refused, match=code):
            services.decide(contest=row, outcome=outcome, answer=answer, article=article, decided_by=planner)
    services.decide(contest=row, outcome="refused", answer="المخطط يذكر سكناً خاصاً", article="المادة 3", decided_by=planner)
    assert marks(client, plot) == 0 and extract_marks(plot)["land_use"] == ""
    assert Message.objects.filter(person=person, kind="zoning.contest_decided").count() == 1
    with pytest.raises(Refused, match="done"):
        services.decide(contest=row, outcome="upheld", answer="x", article="", decided_by=planner)
    contested(plot, person)


def test_what_is_upheld_stays_marked_until_another_version_applies(client: Client, plot: Plot, person: Any, planner: Any) -> None:
    row = contested(plot, person)
    services.decide(contest=row, outcome="upheld", answer="صحيح", article="", decided_by=planner)
    assert marks(client, plot) == 1
    repeal_layer("land_use", clock.today())
    make_layer("land_use", ("INVESTMENT", AROUND), kind="land_use", covers=AROUND, valid_from=clock.today())
    assert marks(client, plot) == 0
    row.refresh_from_db()
    assert (row.said_en, row.should_be) == ("Private housing (100.0%)", TYPED["should_be"])


def test_only_planners_decide(plot: Plot, person: Any) -> None:
    row = contested(plot, person)
    with pytest.raises(NotPermitted):
        services.decide(contest=row, outcome="upheld", answer="x", article="", decided_by=StaffFactory(groups=["plot_clerk"], login="c"))


def test_the_person_adds_proof_until_the_decision_and_planners_read_it(plot: Plot, person: Any, planner: Any) -> None:
    row = contested(plot, person)
    other, clerk = PersonFactory(noura=True), StaffFactory(groups=["plot_clerk"], login="c")
    assert [registry.may_write(one, row.key, "proof") for one in (person, other, planner)] == [True, False, False]
    assert [registry.may_read(one, row.key, "proof") for one in (person, other, planner, clerk)] == [True, False, True, False]
    services.decide(contest=row, outcome="upheld", answer="x", article="", decided_by=planner)
    assert not registry.may_write(person, row.key, "proof") and registry.may_read(person, row.key, "proof")


def test_no_decision_before_the_proof_that_was_sent_can_be_read(plot: Plot, person: Any, planner: Any) -> None:
    row = contested(plot, person)
    message = Message.objects.get(person=person, kind="zoning.contest_sent")
    assert f"on the page of contest {row.number} until it is decided." in message.body_en, "no day before which nobody decides"
    assert "إلى أن يُبتّ فيه" in message.body_ar
    proof = UploadFactory(owner=person, subject=row.key, slot="proof", judged=False)
    with pytest.raises(Refused, match="files_waiting"):
        services.decide(contest=row, outcome="refused", answer="x", article="y", decided_by=planner)
    page = signed_in(planner).post(f"/admin/plots/contests/{row.public_id}/", {"outcome": "upheld", "answer": "نعم"})
    assert page.status_code == 409 and "لا يزال ملف قيد الفحص" in page.content.decode()
    proof.refresh_from_db()
    uploads.accept(proof, Reencoded(b"x", b"x", "image/jpeg", 1, 640, 480))
    services.decide(contest=row, outcome="refused", answer="x", article="y", decided_by=planner)


def test_a_contest_goes_through_its_pages(client: Client, plot: Plot, person: Any, planner: Any) -> None:
    of_plot, link = f"/en/plots/{plot.public_id}/", 'href="contest/land_use/"'
    assert link in client.get(of_plot).content.decode()
    assert link not in client.get(f"{of_plot}?activity=WSAL&floor=0&on=2020-01-01").content.decode(), "a day that is over"
    page = f"{of_plot}contest/land_use/"
    assert client.get(page).status_code == 302
    sender, decider = signed_in(person), signed_in(planner)
    assert "Private housing (100.0%)" in sender.get(page).content.decode()
    bad = sender.post(page, {"should_be": "سكن استثماري", "reason": ""})
    assert bad.status_code == 400 and 'value="سكن استثماري"' in bad.content.decode()
    sent = sender.post(page, TYPED)
    row = LayerContest.objects.get()
    assert sent["Location"] == f"/en/zoning/contests/{row.public_id}/"
    assert sender.post(page, TYPED).status_code == 409
    assert sender.get(f"/en/plots/{plot.public_id}/contest/nothing/").status_code == 404
    assert signed_in(PersonFactory(noura=True)).get(sent["Location"]).status_code == 404
    listed = decider.get("/admin/plots/contests/").content.decode()
    desk = f"/admin/plots/contests/{row.public_id}/"
    assert desk in listed and person.name_ar not in decider.get(desk).content.decode()
    wrong = decider.post(desk, {"step": "decide", "outcome": "refused", "answer": "المخطط صحيح"})
    assert wrong.status_code == 409 and "المخطط صحيح</textarea>" in wrong.content.decode()
    assert decider.post(desk, {"step": "decide", "outcome": "refused", "answer": "المخطط صحيح", "article": "المادة 3"}).status_code == 302
    answered = sender.get(sent["Location"]).content.decode()
    assert "المخطط صحيح" in answered and "المادة 3" in answered and "سكن استثماري" in answered
    assert signed_in(StaffFactory(groups=["plot_clerk"], login="c")).get(desk).status_code == 403


def test_a_person_finds_their_contests_from_requests_and_plot(plot: Plot, person: Any, planner: Any) -> None:
    mine, page = "/en/zoning/contests/", f"/en/plots/{plot.public_id}/"
    client = signed_in(person)
    assert "No contests yet" in client.get(mine).content.decode()
    assert all(mine not in client.get(address).content.decode() for address in ("/en/my-requests/", page))
    refused, waiting = contested(plot, person), contested(plot, person, "road")
    services.decide(contest=refused, outcome="refused", answer="x", article="y", decided_by=planner)
    others = contested(plot, PersonFactory(noura=True), "road")
    assert all(f'href="{mine}"' in client.get(address).content.decode() for address in ("/en/my-requests/", page))
    listed = client.get(mine).content.decode()
    assert listed.index(waiting.number) < listed.index(refused.number) and "Refused" in listed and others.number not in listed
    assert f'href="{mine}"' in client.get(f"{mine}{refused.public_id}/").content.decode()


def test_the_database_keeps_what_both_sides_said(plot: Plot, person: Any, planner: Any) -> None:
    row = contested(plot, person)
    services.decide(contest=row, outcome="upheld", answer="x", article="", decided_by=planner)
    rows = LayerContest.objects.filter(pk=row.pk)
    for change in ({"said_en": "Investment"}, {"should_be": "?"}, {"outcome": "refused", "article": "x"}, {"answer": "?"}):
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            rows.update(**change)
    drop_guard("zoning_layercontest_frozen", "zoning_layercontest")
    drop_guard("zoning_layercontest_decided_once", "zoning_layercontest")
    rows.update(said_en="Investment", outcome="refused", article="x")
    row.refresh_from_db()
    assert (row.said_en, row.outcome) == ("Investment", "refused"), "without the guards both sides can be rewritten"


def test_an_upheld_contest_of_a_layer_without_a_version_stands_for_everybody(client: Client, plot: Plot, person: Any, planner: Any) -> None:
    repeal_layer("land_use", clock.today())
    row = contested(plot, person)
    services.decide(contest=row, outcome="upheld", answer="صحيح", article="", decided_by=planner)
    assert (marks(client, plot), queries.standing(plot, clock.today()).count()) == (1, 1)
