"""Messages to who reported: into the account of a person, as a text to a confirmed phone; a link without a name is told by its page.

None of them is listed for a phone call or may be tried by hand: such lists name the person beside the report. No message names an
inspector. The texts are in `templates/reports/messages/`.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import get_language

from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.notifications import texts
from municipality.notifications.registry import MESSAGE_KINDS, MessageKind
from municipality.notifications.services import send, send_sms
from municipality.notifications.texts import Bilingual
from reports import queries
from reports.models import Ban, Report
from reports.models.reporter import Reporter
from reports.reporters.services import known_by, phone_of, secret_of
from reports.results import result_of
from reports.states import ReportState


class _ToReporter(MessageKind):
    page = "/reports/{report.public_id}/mine/"
    must_reach = False
    hides_recipient = True


class ReportReceived(_ToReporter):
    kind = "reports.received"


class Asked(_ToReporter):
    kind = "reports.asked"


class ClosedUnanswered(_ToReporter):
    """No answer came in time, and the report is closed with a second signature."""

    kind = "reports.unanswered"


class HandedOver(_ToReporter):
    kind = "reports.handed_over"


class CameBack(_ToReporter):
    """The day of the other body has passed, or the letter to it came back."""

    kind = "reports.came_back"


class Recategorised(_ToReporter):
    kind = "reports.recategorised"


class Joined(_ToReporter):
    """Their report was joined with another."""

    kind = "reports.joined"


class JoinedHere(_ToReporter):
    """Somebody else's report was joined with theirs."""

    kind = "reports.joined_here"


class Divided(_ToReporter):
    kind = "reports.divided"


class Closed(_ToReporter):
    """The result; for a report that was divided, those of all its parts."""

    kind = "reports.closed"


class Reopened(_ToReporter):
    kind = "reports.reopened"


class LateAnswer(_ToReporter):
    """Their answer came after the report was closed, and opened it again."""

    kind = "reports.late_answer"


class Banned(MessageKind):
    kind = "reports.banned"
    hides_recipient = True
    page = "/reports/bans/{ban.public_id}/"
    must_reach = False


class BanLifted(Banned):
    kind = "reports.ban_lifted"


class BanKept(Banned):
    kind = "reports.ban_kept"


_KINDS = (
    *(ReportReceived, Asked, ClosedUnanswered, HandedOver, CameBack, Recategorised),
    *(Joined, JoinedHere, Divided, Closed, Reopened, LateAnswer),
)
TOLD: dict[str, type[MessageKind]] = {kind.kind.partition(".")[2]: kind for kind in _KINDS}


def tell(report: Report, kind: str, **facts: Any) -> int:
    """Tell who reported, in the caller's transaction; the same kind after the same step is told once. Returns how many were told.

    `kind` is one of `TOLD`. What a message says is read from the report and its rows; `facts` are what a caller has at hand and may
    leave out. Reporters of reports that were joined with this one are told of its course as well, also that it is joined itself, but not
    asked: only its own reporter can answer. Raises KeyError for another kind.
    """
    declared = TOLD[kind]
    if declared is ReportReceived:  # nothing is joined with it yet, and it is received once
        return _tell(report, declared, f"{report.public_id}:0", Q(report=report))
    row = Report.objects.select_related("merged_into", "last_event").get(pk=report.pk)
    if declared is JoinedHere:
        return _tell(row, declared, f"{row.public_id}:{row.joined.count()}", Q(report=row))
    key, own, joined = f"{row.public_id}:{row.last_event_id or 0}", Q(report=row), Q(report__in=queries.joined(row))
    if declared is ClosedUnanswered:  # nobody else was asked
        return _tell(row, declared, key, own) + _tell(row, Closed, key, joined)
    return _tell(row, declared, key, own if declared is Asked else own | joined)


def _tell(report: Report, kind: type[MessageKind], key: str, whom: Q) -> int:
    rows = list(Reporter.objects.filter(whom).select_related("person", "report").order_by("pk"))
    # Another system tells its own people: nobody has confirmed the number that it gave.
    named = [row for row in rows if row.person is not None or (row.phone_cipher and row.report.api_key_id is None)]
    for row in named:
        own = row.report
        if row.person is not None:
            context = context_of(kind, report, own)
            send(kind, person=row.person, key=f"{key}:{own.pk}", subject_key=own.subject_key, context=context)
        else:
            ids: dict[str, Any] = {"reporter_id": row.pk, "report_id": report.pk, "step": report.last_event_id or 0}
            enqueue("reports.text", key=f"{kind.kind}:{key}:{own.pk}", message=kind.kind, **ids)
    return len(named)


def _named(report: Report, own: Report) -> dict[str, Any]:
    facts = report.category_facts
    return {"report": own, "number": own.number, "category": Bilingual(facts["name_ar"], facts["name_en"])}


def preview(report: Report, kind: str, **said: Any) -> str:
    """What the reporter would read in the active language; `said` is what `context_of` reads once the step is made.

    Empty for a part of a divided report, of which nobody is told before all are closed.
    """
    if report.parent_id is not None:
        return ""
    return TOLD[kind]().texts(_named(report, report) | said, get_language() or "ar").body


def context_of(kind: type[MessageKind], report: Report, own: Report) -> dict[str, Any]:
    """What the texts of a kind say of a report, to the reporter of `own`: the same report, or one that was joined with it."""
    context = _named(report, own)
    if kind is Asked:
        asked = report.questions.order_by("-pk").first()
        context["until"] = asked.due_on if asked is not None else clock.today()
    elif kind is HandedOver:
        given = report.hand_overs.order_by("-pk").first()
        context["body"] = Bilingual(given.name_ar, given.name_en) if given is not None else Bilingual("", "")
        context["until"] = given.back_on if given is not None else clock.today()
    elif kind is CameBack:
        came_by = report.last_event.move if report.last_event is not None else ""
        context |= {"is_returned": came_by == "letter_back", "is_unsent": came_by == "letter_unsent"}
    elif kind is Joined:
        context["other"] = report.merged_into.number if report.merged_into is not None else ""
    elif kind is Divided:
        context["parts"] = "، ".join(_newest_parts(report))
    elif kind is Reopened:
        context["is_divided"] = report.state == ReportState.SPLIT
    elif kind is Recategorised:
        context["until"] = report.due_at
    elif kind is Closed:
        result = result_of(report)
        context["result"] = Bilingual(result.text_ar, result.text_en) if result is not None else Bilingual("", "")
        context["may_judge"] = report.parent_id is None or own.pk != report.pk
        context["days"] = queries.limits()["solved_days"]
    return context


def _newest_parts(report: Report) -> list[str]:
    """The numbers of the parts of the last division: each `split` step keeps how many it made."""
    last = report.events.filter(move="split").order_by("-pk").first()
    newest = report.parts.order_by("-pk").values_list("number", flat=True)
    return list(reversed(newest[: last.data["parts"]])) if last is not None else []


def tell_of_ban(ban: Ban) -> None:
    """Tell who reported that their reporting was stopped, or what was decided on their appeal, in the caller's transaction.

    A person in their account, a confirmed phone by a text; whoever left neither reads it when they report next.
    """
    row = Reporter.objects.filter(report_id=ban.report_id).select_related("person").first()
    if row is None or ban.who not in known_by(row):
        return
    kind = Banned if ban.decided_at is None else BanLifted if ban.lifted_at is not None else BanKept
    if row.person is not None:
        context = {"ban": ban, "until": ban.until}
        send(kind, person=row.person, key=ban.public_id, subject_key=ban.report.subject_key, context=context)
    elif row.phone_cipher and ban.report.api_key_id is None:
        ids: dict[str, Any] = {"reporter_id": row.pk, "report_id": ban.report_id, "step": ban.pk}
        enqueue("reports.text", key=f"{kind.kind}:{ban.public_id}", message=kind.kind, **ids)


def send_text(*, reporter_id: int, report_id: int, message: str, step: int) -> None:
    """Send the short text of a message to a confirmed phone, with the secret link; nothing over the limits of a number.

    `step` is the primary key of the last event of the report; that of the ban in a message about one, which has the link of its page.
    Nothing is sent either if the reporter was deleted meanwhile. Raises what the gateway raises.
    """
    row = Reporter.objects.filter(pk=reporter_id).select_related("report").first()
    number = phone_of(row) if row is not None else ""
    if row is None or not number:
        return
    declared = type(MESSAGE_KINDS[message])
    own, language = row.report, row.report.language
    if issubclass(declared, Banned):
        ban = Ban.objects.get(pk=step)
        context, page = {"ban": ban, "until": ban.until}, texts.link(f"/reports/bans/{ban.public_id}/", language)
    else:
        context = context_of(declared, Report.objects.select_related("merged_into", "last_event").get(pk=report_id), own)
        page = f"{texts.link(f'/reports/{own.public_id}/mine/', language)}?s={secret_of(own.key)}"
    text = f"{declared().texts(context, language).short} {page}"
    send_sms(to=number, text=text, idempotency_key=f"{message}-{reporter_id}-{report_id}-{step}")
