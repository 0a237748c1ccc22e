"""What reporters and intake see of the reports of the sample: rows, addresses, pages, and attacks on their guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from municipality.accounts.models import User
from municipality.kernel import clock
from reports.models import Ban, Moderation, Report, ReportPhoto
from tests.factories.accounts import StaffFactory

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

INTAKE = "/admin/intake/"


@dataclass
class ReporterRows:
    intake: User
    ban: Ban  # of the owner, not appealed against
    appealed: Ban
    decided: Ban


def fill(sample: Sample) -> ReporterRows:
    intake = StaffFactory(groups=["intake"], login="intake-sample", branch_id="HA", name_ar="شيماء", name_en="Shaima")
    now, report = clock.now(), sample.reports.closed
    facts = {"code": "false_reports", "report": report, "by": sample.supervisor, "at": now, "until": now + dt.timedelta(days=30)}
    ban = Ban.objects.create(who="c" * 64, **facts)
    appealed = Ban.objects.create(who="d" * 64, appeal="لا", appealed_at=now, **facts)
    decided = Ban.objects.create(who="e" * 64, appeal="لا", appealed_at=now, decided_by=intake, decided_at=now, **facts)
    lifted = {"lifted_by": intake, "lifted_at": now}
    Moderation.objects.create(report=sample.reports.assigned, part="words", code="insult", by=intake, at=now, **lifted)
    return ReporterRows(intake, ban, appealed, decided)


def rows() -> list[Row]:
    """The addresses of reporters and intake in the matrix of access."""
    from tests.architecture.access_matrix import HIDDEN, HIDDEN_FORM, NO_FORM, NO_READ, READ, everybody, own, staff

    refused = "403 403 403 405 405 405"
    answer = "200 200 400 405 405 405"
    form = {"officer": refused, "auditor": refused, "halfway": refused}
    bans, mine = "/{lang}/reports/bans/", "/{lang}/reports/{s.reports."
    posted = "200 200 409 405 405 405"
    return [
        own("/{lang}/my-reports/", READ, READ),
        everybody(f"{mine}asked.public_id}}/mine/", refused, owner=answer),
        everybody(f"{mine}reopened.public_id}}/mine/", refused, stranger=FORM_OF_NONE),
        everybody("/{lang}/reports/nothing/mine/", HIDDEN_FORM),
        everybody(f"{bans}{{s.reporters.ban.public_id}}/", answer, why="its address is the key", **form),
        everybody(f"{bans}nothing/", HIDDEN_FORM),
        staff(INTAKE, NO_READ, NO_READ, supervisor=NO_READ, inspector=NO_READ, intake=READ),
        staff(f"{INTAKE}reports/{{s.reports.assigned.public_id}}/", NO_FORM, NO_FORM, supervisor=NO_FORM, intake="200 200 404 405 405 405"),
        staff(f"{INTAKE}reports/nothing/", NO_FORM, NO_FORM, intake=HIDDEN_FORM),
        staff(f"{INTAKE}reports/{{s.reports.assigned.public_id}}/reporter/", NO_READ, NO_READ, supervisor=NO_READ, intake=READ),
        staff(f"{INTAKE}reports/nothing/reporter/", NO_READ, NO_READ, intake=HIDDEN),
        staff(f"{INTAKE}bans/{{s.reporters.appealed.public_id}}/", NO_FORM, NO_FORM, supervisor=NO_FORM, intake=posted),
        staff(f"{INTAKE}bans/nothing/", NO_FORM, NO_FORM, intake=HIDDEN_FORM),
    ]


FORM_OF_NONE = "200 200 200 405 405 405"  # nothing to send on this page now


def visits() -> list[Visit]:
    """The pages of reporters in each state, of a stop, and of intake."""
    from tests.architecture.page_responses import Visit

    states = ("asked", "handed_over", "split", "countersign", "closed", "assigned")
    page, ban = "/{lang}/reports/{s.reports.", "/{lang}/reports/bans/{s.reporters."
    report = f"{INTAKE}reports/{{s.reports.assigned.public_id}}/"
    return [
        Visit("/{lang}/my-reports/", "owner"),
        Visit("/{lang}/my-reports/", "newcomer", note="nothing reported"),
        *(Visit(f"{page}{name}.public_id}}/mine/", "owner", note=name) for name in states),
        *(Visit(f"{page}{name}.public_id}}/mine/", "stranger", note=name) for name in ("reopened", "merged")),
        Visit(f"{page}asked.public_id}}/mine/", status=403, note="somebody else"),
        Visit(f"{page}asked.public_id}}/mine/?s=x", status=403, note="a wrong link"),
        Visit(f"{page}asked.public_id}}/mine/", "owner", post={"text": ""}, status=400, note="without an answer"),
        Visit(f"{page}asked.public_id}}/mine/", "owner", post={"text": "2026"}, note="answered"),
        Visit(f"{page}closed.public_id}}/mine/", "owner", post={"solved": "no"}, status=400, note="without words"),
        Visit(f"{page}closed.public_id}}/mine/", "owner", post={"solved": "yes"}, note="solved"),
        *(Visit(f"{ban}{name}.public_id}}/", note=name) for name in ("ban", "appealed", "decided")),
        Visit(f"{ban}ban.public_id}}/", post={"words": ""}, status=400, note="without words"),
        Visit(f"{ban}ban.public_id}}/", post={"words": "2026"}, note="sent"),
        Visit("/admin/", "intake"),
        Visit(INTAKE, "intake"),
        Visit(report, "intake"),
        Visit(report, "intake", post={"step": "hide"}, status=409, note="without a reason"),
        Visit(report, "intake", post={"step": "hide", "part": "report", "code": "insult"}, note="hidden"),
        Visit(report, "intake", post={"step": "ban", "code": "false_reports"}, note="stopped"),
        Visit(f"{report}reporter/", "intake", note="why?"),
        *(Visit(f"{INTAKE}bans/{{s.reporters.{name}.public_id}}/", "intake", note=name) for name in ("ban", "appealed", "decided")),
        Visit(f"{INTAKE}bans/{{s.reporters.appealed.public_id}}/", "intake", post={}, status=409, note="not decided"),
        Visit(f"{INTAKE}bans/{{s.reporters.appealed.public_id}}/", "intake", post={"decision": "keep"}, note="kept"),
    ]


def _delete_reporter(sample: Sample) -> None:
    with connection.cursor() as cursor:  # its model is read by its own package only
        cursor.execute("DELETE FROM reports_reporter WHERE report_id = %s", [sample.reports.assigned.pk])


def _photo_of_another(sample: Sample) -> None:
    photo = ReportPhoto.objects.get(pk=sample.reports.photo.pk)
    by = sample.reporters.intake
    Moderation.objects.create(report=sample.reports.closed, part="photo", photo=photo, code="insult", by=by, at=clock.now())


def _words_of(sample: Sample) -> Any:
    return Report.objects.filter(pk=sample.reports.closed.pk)  # its words are hidden


BY_HAND: dict[str, Callable[[Sample], None]] = {
    "reports_reporter_kept": _delete_reporter,
    "reports_report_hidden": lambda sample: Report.objects.filter(pk=sample.reports.assigned.pk).update(hidden_at=clock.now()) and None,
    "reports_report_words_shown": lambda sample: _words_of(sample).update(words_shown_at=clock.now()) and None,
    "reports_moderation_own_photo": _photo_of_another,
    "reports_ban_decided": lambda sample: (
        Ban.objects.filter(pk=sample.reporters.ban.pk).update(decided_at=clock.now(), decided_by=sample.reporters.intake) and None
    ),
}
