"""Pages of intake: what waits to be looked at, hiding and showing, stops of reporting, and who reported, with a purpose."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts import purposes
from municipality.accounts.models import actor_of
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, in_group, require_role, staff_page
from municipality.ui.code_labels import label_codes
from municipality.ui.staff_home import HomePart, Next
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.subject_names import NAMES
from municipality.ui.templatetags.portal import bilingual, ref, with_refs
from municipality.ui.texts import Text
from reports.answers import answers_of
from reports.models import FIRST_LOOK, Ban, ModeratedPart, Moderation, Report
from reports.moderation import queries, services
from reports.photos import queries as photos
from reports.queries import limits
from reports.reporters import bans, bursts, trust
from reports.reporters import queries as reporters
from reports.reporters import services as identities
from reports.reporters.services import INTAKE

MOST_SHOWN = 100
PURPOSES = ("purpose.misuse", "purpose.complaint", "purpose.court")


@require_safe
def waiting(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Reports that nobody has looked at, descriptions that nobody has read, appeals, and many reports of one sender or about one shop."""
    require_role(request, INTAKE)
    words = [(row, bilingual(row.category_facts, "name")) for row in queries.unread_words().select_related("area")[:MOST_SHOWN]]
    appeals = [(row, row.by_id == request.user.pk) for row in queries.open_appeals()[:MOST_SHOWN]]
    context: dict[str, Any] = {
        "first_looks": [(row.report, bilingual(row.report.category_facts, "name")) for row in queries.first_looks()[:MOST_SHOWN]],
        "words": words,
        "appeals": appeals,
        "bursts": bursts.bursts(),
        "unsure": photos.unsure()[:MAX_COUNT].count(),
    }
    return staff_page(request, "admin/reports/intake.html", title=_("Reports to decide on"), **context)


@require_http_methods(["GET", "HEAD", "POST"])
def moderate(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One report: agree to its words, hide or show a part, stop its sender; all that was hidden stays listed."""
    require_role(request, INTAKE)
    report = Report.objects.filter(public_id=public_id).select_related("area", "parent").first()
    if report is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            messages.success(request, with_refs(_act(request, report)))
            if request.POST.get("step") != "agree":
                return redirect("admin:report_moderation", public_id=report.public_id)
            following = queries.unread_words().first()
            if following is None:
                return redirect("admin:report_intake")
            number = queries.unread_words()[:MAX_COUNT].count()
            messages.info(request, _("This is the next description. Not read yet: %(number)s.") % {"number": number})
            return redirect("admin:report_moderation", public_id=following.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            report.refresh_from_db()
    trace = labelled_trace(report, of_intake=True)
    first_look = next((row for row, _label in trace if row.code == FIRST_LOOK and row.lifted_at is None), None)
    hidden = {(row.part, row.photo_id) for row, _label in trace if row.lifted_at is None}
    photos = [(photo, (ModeratedPart.PHOTO, photo.pk) in hidden) for photo in report.photos.select_related("reused__report").order_by("pk")]
    context = {
        "report": report,
        "name": bilingual(report.category_facts, "name"),
        "answers": answers_of(report.parent or report),
        "photos": photos,
        "words_hidden": (ModeratedPart.WORDS, None) in hidden,
        "report_hidden": (ModeratedPart.REPORT, None) in hidden and first_look is None,
        "first_look": first_look,
        "trace": trace,
        "hide_reasons": [(code, bilingual(reason, "label")) for code, reason in services.reasons().items()],
        "ban_reasons": [(code, bilingual(reason, "label")) for code, reason in bans.reasons("report_ban").items()],
        "ban_days": limits()["ban_days"],
        "bans": [(row, _label(bans.reasons("report_ban").get(row.code), row.code)) for row in _bans(report.parent or report)],
        "typed": request.POST,
        "error": error,
    }
    return staff_page(request, "admin/reports/moderation.html", 409 if error else 200, title=report.number, **context)


def _label(reason: Any, code: str) -> Any:
    """The label of a coded reason; the code where no edition in force has it any more."""
    return bilingual(reason, "label") if reason is not None else code


def labelled_trace(report: Report, *, of_intake: bool = False) -> list[tuple[Moderation, Any]]:
    """What was hidden of a report with the label of each reason, for `admin/reports/_trace.html`.

    Intake alone reads that a report waited for a first look, which may be because of who sent it.
    """
    rows = [row for row in queries.trace(report) if of_intake or row.code != FIRST_LOOK]
    known = bans.reasons("report_hidden") if rows else {}
    return [(row, _label(known.get(row.code), row.code)) for row in rows]


def _bans(report: Report) -> list[Ban]:
    return list(Ban.objects.filter(report=report).select_related("by", "decided_by").order_by("-pk"))


def _act(request: AuthenticatedHttpRequest, report: Report) -> str:
    step, by, code = request.POST.get("step", ""), request.user, request.POST.get("code", "")
    if step == "agree":
        services.agree_words(report=report, by=by)
        return _("Everybody can read the description of %(number)s now.") % {"number": report.number}
    if step == "hide":
        part, photo_id = request.POST.get("part", ""), request.POST.get("photo", "")[:26]
        services.hide(report=report, part=part, code=code, by=by, photo_id=photo_id)
        return _("It is hidden from the public. Nothing is deleted.")
    if step == "show":
        number = request.POST.get("moderation", "")
        row = Moderation.objects.filter(report=report, pk=int(number[:18]) if number.isascii() and number.isdigit() else 0).first()
        if row is None:
            raise Http404
        services.show_again(moderation=row, by=by)
        return _("Everybody can see the report now.") if row.code == FIRST_LOOK else _("The public can see it again.")
    if step == "ban":
        bans.make(report=report.parent or report, code=code, by=by)
        return _("Reporting is stopped for who sent this report. They can appeal once.")
    raise Http404


@require_safe
@reauthentication_required(on_get=True)
def reporter(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Who reported: after a fresh proof and with a purpose, which is logged and which the reporter reads on their page.

    Who sent a divided report sent its parts.
    """
    require_role(request, INTAKE)
    found_report = Report.objects.filter(public_id=public_id).select_related("parent").first()
    if found_report is None:
        raise Http404
    report = found_report.parent or found_report
    subject = reporters.reporter_key(report)
    purpose = purposes.chosen(request, subject)
    if not purpose:
        return purposes.ask(
            request, subject, fitting=PURPOSES, about=report.number, leave=reverse("admin:report_moderation", args=[report.public_id])
        )
    viewer = actor_of(request.user, INTAKE)
    log_access(viewer=viewer, person_key=subject, subject=report.subject_key, purpose=purpose)
    try:
        found, known, error = identities.reveal(report), trust.of_reporter(report), ""
    except Refused as refusal:
        found, known, error = None, None, str(refusal.sentence)
    context = {"report": report, "found": found, "trust": known, "error": error}
    return staff_page(request, "admin/reports/reporter.html", 404 if error else 200, title=_("Who reported"), **context)


@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """A stop of reporting with its appeal, which another employee than its maker answers."""
    require_role(request, INTAKE)
    row = Ban.objects.filter(public_id=public_id).select_related("report", "by", "decided_by").first()
    if row is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            if request.POST.get("decision") not in ("lift", "keep"):
                raise Refused("not_decided", _("Choose whether the stop ends or stays."))
            bans.decide(ban=row, lift=request.POST["decision"] == "lift", by=request.user)
            return redirect("admin:report_intake")
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    context = {
        "ban": row,
        "reason": _label(bans.reasons("report_ban").get(row.code), row.code),
        "may_decide": row.appealed_at is not None and row.decided_at is None and row.by_id != request.user.pk,
        "is_over": row.until <= clock.now(),
        "error": error,
    }
    return staff_page(request, "admin/reports/ban.html", 409 if error else 200, title=_("Stop of reporting"), **context)


def _count(request: HttpRequest) -> int:
    waiting = (queries.unread_words, queries.open_appeals, queries.first_looks)
    return request_cache.get_or_set("report_intake", lambda: sum(rows()[:MAX_COUNT].count() for rows in waiting))


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """What waits for intake, on the first page."""
    if not in_group(request, INTAKE):
        return HomePart()
    number = _count(request)
    text = _("What waits: %(number)s") % {"number": number} if number else _("All are read.")
    page = reverse("admin:report_intake")
    button = _("Read and decide") if number else ""
    return HomePart(Next(_("My work"), _("Reports to decide on"), text, button, page, waits=bool(number)))


PAGES = [
    path("intake/", waiting, name="report_intake"),
    path("intake/reports/<slug:public_id>/", moderate, name="report_moderation"),
    path("intake/reports/<slug:public_id>/reporter/", reporter, name="report_reporter"),
    path("intake/bans/<slug:public_id>/", appeal, name="report_ban"),
]
admin.site.add_pages(PAGES, home=home)  # type: ignore[attr-defined]
staff_menu.register(
    "reports",
    StaffEntry(
        "work",
        gettext_lazy("Reports to decide on"),
        "admin:report_intake",
        (INTAKE,),
        count=_count,
        tile=gettext_lazy("reports to decide on"),
    ),
)
label_codes(
    {
        "intake": gettext_lazy("Employee of report intake"),
        "false_reports": gettext_lazy("Repeated false reports"),
        "report.ban_appealed": gettext_lazy("Appeal against a stop of reporting"),
        "report.ban_decided": gettext_lazy("Appeal against a stop of reporting answered"),
        "report.banned": gettext_lazy("Reporting stopped for a sender"),
        "report.hidden": gettext_lazy("Part of a report hidden"),
        "report.judged": gettext_lazy("Reporter said whether it is solved"),
        "report.reporter_deleted": gettext_lazy("Who reported deleted after its period"),
        "report.shown_again": gettext_lazy("Part of a report shown again"),
        "report.words_agreed": gettext_lazy("Description of a report agreed to"),
        "reports.asked": gettext_lazy("A question about a report"),
        "reports.ban_kept": gettext_lazy("The stop of reporting stays"),
        "reports.ban_lifted": gettext_lazy("The stop of reporting has ended"),
        "reports.banned": gettext_lazy("Reporting is stopped"),
        "reports.came_back": gettext_lazy("A report came back from another body"),
        "reports.closed": gettext_lazy("A report is closed"),
        "reports.divided": gettext_lazy("A report is divided"),
        "reports.forget_reporters": gettext_lazy("Delete who reported after its period"),
        "reports.handed_over": gettext_lazy("A report is with another body"),
        "reports.joined": gettext_lazy("A report is joined with another"),
        "reports.joined_here": gettext_lazy("Another report is joined with theirs"),
        "reports.late_answer": gettext_lazy("A report is open again after an answer"),
        "reports.recategorised": gettext_lazy("A report has another category"),
        "reports.received": gettext_lazy("A report is received"),
        "reports.reopened": gettext_lazy("A report is open again"),
        "reports.text": gettext_lazy("Text message to a reporter"),
        "reports.unanswered": gettext_lazy("A report is closed without an answer"),
    }
)


def _names(public_ids: Collection[str]) -> dict[str, Text]:
    rows = Report.objects.filter(public_id__in=public_ids).values_list("public_id", "number")
    return {public_id: format_html("{} {}", pgettext("noun", "Report"), ref(number)) for public_id, number in rows}


NAMES.register("report", _names)
