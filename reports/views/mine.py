"""The pages of who reported: their report, their list, and the stop of their reporting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access, public
from municipality.accounts.limits import AttemptLimit, address_of, take_attempt
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import bilingual, ref
from municipality.uploads.multipart import is_too_large
from reports import deadlines, queries
from reports.answers import answers_of
from reports.models import Ban, Closure, PhotoKind, Question, Report
from reports.moderation.queries import why_hidden
from reports.reporters import bans, notifications, services, solved
from reports.reporters import queries as reporters
from reports.results import is_unanswered, result_of
from reports.states import ReportState
from reports.triage import services as triage
from reports.triage.services.questions import LONGEST_ANSWER

R = ReportState
SESSION_KEY, MAX_KEPT = "report_secrets", 20  # reports that were opened by their link
TRIES, SECONDS = 20, 600  # of answers, of one visitor
LINKS = AttemptLimit("report_secret", 20, 600)  # an address; a link that opens its report is given back
PAGE_SIZE = 25
TAGS = {R.CLOSED: "ok", R.MERGED: "ok", R.ASKED: "warn"}


class ReportAnswerForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your answer"),
        help_text=gettext_lazy("In your own words. Please write no names and no phone numbers: the inspector must not learn who you are."),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=LONGEST_ANSWER,
        error_messages={
            "required": gettext_lazy("Please write an answer."),
            "max_length": gettext_lazy("Please shorten the answer to 2,000 characters."),
        },
    )


class SolvedForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("What is still there?"),
        help_text=gettext_lazy("The next inspector reads it, without your name."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=solved.MAX_WORDS,
        required=False,
        error_messages={"max_length": gettext_lazy("Please shorten the text to 300 characters.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].either = _("(where it is not solved)")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.data.get("solved") == "no" and not data.get("words", "x"):
            self.add_error("words", solved.WORDS_MISSING)
        return data


class BanAppealForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Why should reporting be open again?"),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=bans.MAX_APPEAL,
        error_messages={
            "required": gettext_lazy("Please write why reporting should be open again."),
            "max_length": gettext_lazy("Please shorten the text to 2,000 characters."),
        },
    )


def _is_reporter(request: HttpRequest, report: Report) -> bool:
    """By the account, or by the secret of the link that was opened in this session. Each request asks anew: what was deleted is closed."""
    user: Any = request.user
    if user.is_authenticated and not user.is_staff and services.opens(report, person=user):
        return True
    secret = request.session.get(SESSION_KEY, {}).get(report.public_id, "")
    return bool(secret) and services.opens(report, secret=secret)


def _open_by_link(request: HttpRequest, report: Report) -> HttpResponse:
    """Put the secret of the link into the session, and take it out of the address."""
    address = address_of(request)
    if not LINKS.take(address):
        return too_many_requests(request, LINKS.seconds)
    secret = request.GET["s"][:64]
    if not services.opens(report, secret=secret):
        return _not_theirs(request, report)
    LINKS.give_back(address)
    keep_secret(request, report, secret)
    return redirect("reports:mine", public_id=report.public_id)


def keep_secret(request: HttpRequest, report: Report, secret: str) -> None:
    """Open a report for this session."""
    kept = {**request.session.get(SESSION_KEY, {}), report.public_id: secret}
    request.session[SESSION_KEY] = dict(list(kept.items())[-MAX_KEPT:])


def _not_theirs(request: HttpRequest, report: Report) -> HttpResponse:
    return render(request, "reports/not_mine.html", {"report": report}, status=403)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest, public_id: str) -> HttpResponse:
    """The page of the reporter: what happens, the open question, whether it is solved, and who looked at who they are."""
    rows = Report.objects.filter(public_id=public_id).select_related("area", "merged_into", "last_event")
    row = rows.annotate(photo_count=Count("photos", filter=~Q(photos__kind=PhotoKind.AFTER))).first()
    if row is None:
        raise Http404
    if request.method != "POST" and "s" in request.GET:
        return _open_by_link(request, row)
    if not _is_reporter(request, row):
        return _not_theirs(request, row)
    question = row.questions.order_by("-pk").first()
    is_asked = _waits_for_answer(row, question)
    closure = solved.result_to_judge(row)
    refusal: Refused | None = None
    form: forms.Form | None = None
    if is_asked or closure is not None:
        form, is_sent = read_form(request, ReportAnswerForm if is_asked else SolvedForm)
        if is_sent and form.is_valid():
            if not take_attempt(request, "report_answer", limit=TRIES, seconds=SECONDS):
                return too_many_requests(request, SECONDS)
            try:
                done = _answer(request, row, form) if is_asked else _say(request, row, form)
                messages.success(request, done)
                return redirect("reports:mine", public_id=row.public_id)
            except Refused as refused:
                refusal = refused
                row.refresh_from_db()
                closure = solved.result_to_judge(row)  # another request may have answered meanwhile
                form = form if is_asked or closure is not None else None
    status = refusal.status if refusal is not None else 400 if form is not None and form.errors else 200
    context = {
        "report": row,
        "name": bilingual(row.category_facts, "name"),
        "answers": answers_of(row),
        "tag": "bad" if row.is_overdue else TAGS.get(R(row.state), "wait"),
        "hand_over": row.hand_overs.filter(returned_at__isnull=True).first() if row.state == R.HANDED_OVER else None,
        "parts": list(row.parts.order_by("pk")) if row.parent_id is None else [],
        "result": result_of(queries.end_of(row)),
        "question": question if is_asked or (question is not None and question.answered_at is not None) else None,
        "is_asked": is_asked,
        "closure": closure,
        "days_left": _days_left(closure) if closure is not None else None,
        "answer_until": deadlines.answer_until(question) if is_asked and question is not None else None,
        "form": form,
        "form_id": "answer" if is_asked else "solve",
        "refusal": refusal,
        "hidden_reason": why_hidden(row)[1] if row.hidden_at is not None else None,
        "promise_of": queries.promise_of(row),
        "is_named": reporters.is_named(row),
        "looks": reporters.looks(row),
        "keep_days": queries.limits()["keep_reporter_days"],
        "crumbs": _crumbs(request, ref(row.number)),
    }
    return render(request, "reports/mine.html", context, status=status)


def _crumbs(request: HttpRequest, title: Any) -> list[tuple[Any, str]]:
    user: Any = request.user
    listed = [(_("My reports"), reverse("reports:my_reports"))] if user.is_authenticated and not user.is_staff else []
    return [*listed, (title, "")] if listed else []


def _waits_for_answer(row: Report, question: Question | None) -> bool:
    """Whether an answer is of use: to the open question, and late to one that the inspector did without or that ends the report."""
    if question is None or question.answered_at is not None:
        return False
    return row.state in (R.ASKED, R.ASSIGNED) or is_unanswered(row)


def _days_left(closure: Closure) -> int:
    closed_at = closure.report.closed_at
    assert closed_at is not None  # noqa: S101 - there is a result to judge
    return (deadlines.solved_until({closure.pk: closed_at})[closure.pk] - clock.today()).days


def _answer(request: HttpRequest, row: Report, form: forms.Form) -> str:
    if is_too_large(request):  # its files were dropped
        raise Refused("too_large", _("The photos are too large together. Send fewer, or smaller ones."))
    with transaction.atomic():
        question = triage.answer(row, form.cleaned_data["text"], request.FILES.getlist("photos"))
        last = question.report.last_event  # of the row as it was when it was locked
        if last is not None and last.move == "answer_late":
            notifications.tell(row, "late_answer")
    return _("Thank you. The answer is sent, and the inspector goes on.")


def _say(request: HttpRequest, row: Report, form: forms.Form) -> str:
    said = request.POST.get("solved", "")
    if said not in ("yes", "no"):
        raise Refused("not_said", _("Please say whether it is solved: yes or no."))
    with transaction.atomic():
        judged = solved.say(row, is_solved=said == "yes", words=form.cleaned_data["words"]).closure.report
        if said == "yes":
            return _("Thank you. The result is confirmed, and nothing else is to be done.")
        triage.reopen(judged)
        notifications.tell(judged, "reopened")
    return _("Thank you. The report is open again, and another inspector is drawn for it.")


@access("person")
@require_safe
def my_reports(request: AuthenticatedHttpRequest) -> HttpResponse:
    """What the person reported while signed in, the newest first, in keyset pages."""
    before = request.GET.get("before", "")
    rows = reporters.of_person(request.user).select_related("area").order_by("-pk")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = list(rows[: PAGE_SIZE + 1])
    lines = [(row, bilingual(row.category_facts, "name"), TAGS.get(R(row.state), "wait")) for row in found[:PAGE_SIZE]]
    older = f"?before={lines[-1][0].pk}" if len(found) > PAGE_SIZE else ""
    newer = reverse("reports:my_reports") if before else ""
    context = {"lines": lines, "older_url": older, "newer_url": newer, "crumbs": [(_("My reports"), "")]}
    return render(request, "reports/my_reports.html", context)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ban(request: HttpRequest, public_id: str) -> HttpResponse:
    """Why somebody cannot report and until when, and their appeal. Its address is known to them alone; it names nobody."""
    row = Ban.objects.filter(public_id=public_id).select_related("report").first()
    if row is None:
        raise Http404
    if request.user.is_staff:
        raise PermissionDenied
    form, is_sent = read_form(request, BanAppealForm)
    refusal: Refused | None = None
    if is_sent and form.is_valid():
        if not take_attempt(request, "ban_appeal", limit=TRIES, seconds=SECONDS):
            return too_many_requests(request, SECONDS)
        try:
            bans.appeal(ban=row, words=form.cleaned_data["words"])
            messages.success(request, _("The appeal is sent. Another employee answers it."))
            return redirect("reports:ban", public_id=row.public_id)
        except Refused as refused:
            refusal = refused
            row.refresh_from_db()
    reason = rulebook.edition(queries.REPLIES, clock.today()).reasons.get(row.code)
    context = {
        "ban": row,
        "reason": bilingual(reason, "text") if reason is not None else "",
        "is_over": row.until <= clock.now(),
        "form": form,
        "refusal": refusal,
        "crumbs": [(_("Stop of reporting"), "")],
    }
    status = refusal.status if refusal is not None else 400 if form.errors else 200
    return render(request, "reports/ban.html", context, status=status)
