"""People to call about a message, and letters to other bodies."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.notifications import deliveries_admin, letters, not_reached, queries
from municipality.notifications.deliveries_admin import REASONS
from municipality.notifications.models import CallOutcome, DeliveryState, Letter, NotReached
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, NarrowedFilter, ReadOnlyAdmin, column, in_group, moment, require_role, staff_page
from municipality.ui.code_labels import label_codes, label_of
from municipality.ui.staff_home import HomeNotice, HomePart
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.subject_names import NamedSubjectsMixin, name_of

OPERATOR, AUDITOR = "operator", "auditor"
LISTED = 200
label_codes(
    {
        "delivery.retried": _("Message tried again"),
        "message.called": _("Call about a message recorded"),
        "message.escalated": _("Unopened message listed for a call"),
        "notifications.channels_chosen": _("Channels of messages chosen"),
        "notifications.escalate_unread": _("List messages that nobody opened"),
        "notifications.account": _("Message about an account"),
        "notifications.close_letters": _("Close letters that are not needed any more"),
        "notifications.code": _("Send a one-time code"),
        "notifications.deliver": _("Send a message"),
        "notifications.letter": _("Send a letter to a body"),
        "notifications.replaced": _("Warn an address that was replaced"),
        "letter.sent": _("Letter to a body sent"),
        "letter.not_sent": _("Letter to a body not sent"),
        "letter.retried": _("Letter to a body sent again"),
        "letter.posted": _("Letter to a body sent on paper"),
        "letter.returned": _("Letter to a body came back"),
        "limits.messages": _("Periods of following up messages"),
    }
)


class _Progress(NarrowedFilter):
    """By default what is still to call."""

    title = _("progress")  # type: ignore[assignment]
    parameter_name = "progress"
    by_default = _("To call")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("reached", _("Reached after all")), ("called", _("Called")), ("all", _("All"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[NotReached]) -> QuerySet[NotReached]:
        if self.value() == "called":
            return rows.filter(called_at__isnull=False)
        if self.value() == "reached":
            return rows.filter(pk__in=queries.reached_after_all().values("pk"))
        return rows if self.value() == "all" else rows.filter(pk__in=queries.to_call().values("pk"))


@admin.register(NotReached)
class NotReachedAdmin(NamedSubjectsMixin, ReadOnlyAdmin):
    """Who is to be called. The list has no names; opening a row, and its number, is in the access log of the person."""

    subjects = ("message.subject_key",)

    change_form_template = "admin/notifications/notreached/change_form.html"
    list_display = ("kind", "subject_name", "cause_name", "when", "called", "outcome_name")
    list_filter = (_Progress, "cause")
    list_select_related = ("message", "called_by")
    ordering = ("since", "pk")
    fields = ("kind", "title", "subject_name", "cause_name", "when", "person", "called", "outcome_name")
    kind = column(_("kind"), label_of, "message.kind")
    subject_name = column(_("subject"), name_of, "message.subject_key")
    when = column(_("since"), moment, "since", ordering="since")
    person = column(_("person"), str, "message.person")

    def get_urls(self) -> list[URLPattern]:
        call = self.admin_site.admin_view(self.call)
        return [path("<int:row_id>/call/", call, name="notifications_notreached_call"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row: NotReached | None = self.get_object(request, object_id)
        if row is not None and self.has_view_permission(request, row):
            self._log(request, row)
        may = row is not None and row.called_at is None and in_group(request, not_reached.ROLE)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_call": may})

    def _log(self, request: HttpRequest, row: NotReached) -> None:
        user: Any = request.user
        role = next((role for role in (not_reached.ROLE, "supervisor", "auditor") if in_group(request, role)), "staff")
        subject = row.message.subject_key or row.message.person.key
        log_access(viewer=Actor(role, user.key), person_key=row.message.person.key, subject=subject, purpose="call")

    def call(self, request: HttpRequest, row_id: int) -> HttpResponse:
        """Call a person: the number is shown after a POST of `show`, which is in the access log; `record` records how the call ended."""
        require_role(request, not_reached.ROLE)
        row = get_object_or_404(NotReached.objects.select_related("message__person"), pk=row_id)
        user: Any = request.user
        page = reverse("admin:notifications_notreached_change", args=[row.pk])
        step = request.POST.get("step", "") if request.method == "POST" else ""
        if step == "record":
            try:
                not_reached.record_call(row=row, outcome=request.POST.get("outcome", ""), caller=user)
                self.message_user(request, _("The call is recorded under your name."))
            except Refused as refusal:
                self.message_user(request, str(refusal.sentence), messages.WARNING)
            return HttpResponseRedirect(page)
        shows = step == "show" and row.called_at is None
        if shows:
            self._log(request, row)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "row": row,
            "phone": row.message.person.phone if shows else "",
            "shows": shows,
            "outcomes": CallOutcome.choices,
            "title": _("Call the person"),
            "back": page,
        }
        return TemplateResponse(request, "admin/notifications/notreached/call.html", context)

    @admin.display(description=_("title"))
    def title(self, row: NotReached) -> str:
        return row.message.title

    @admin.display(description=_("reason"), ordering="cause")
    def cause_name(self, row: NotReached) -> str:
        return row.get_cause_display()

    @admin.display(description=_("called"))
    def called(self, row: NotReached) -> str:
        return gettext(", ").join([moment(row.called_at), str(row.called_by)]) if row.called_by is not None else "—"

    @admin.display(description=_("outcome"))
    def outcome_name(self, row: NotReached) -> str:
        return row.get_outcome_display() or "—"


def _calls(request: HttpRequest) -> int | None:
    """How many people the counter has to call."""
    return queries.to_call()[:MAX_COUNT].count() if in_group(request, not_reached.ROLE) else None


@require_safe
def letters_to_bodies(request: HttpRequest) -> HttpResponse:
    """The letters that were not sent, those that failed first, and those sent last."""
    if not in_group(request, OPERATOR, AUDITOR):
        raise PermissionDenied
    waiting = Letter.objects.exclude(state=DeliveryState.SENT).exclude(letters.OVER)
    unsent = waiting.order_by("state", "created_at", "pk")[:LISTED]  # failed ones before those to print
    sent = Letter.objects.filter(state=DeliveryState.SENT).order_by("-sent_at")[:20]
    context: dict[str, Any] = {"title": _("Letters to bodies"), "unsent": unsent, "sent": sent}
    return staff_page(request, "admin/notifications/letters.html", **context)


@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One letter, to be read or printed; POST sends it again, or records that it went on paper or came back.

    404 for a letter of a service in which the reader has no role.
    """
    row = get_object_or_404(Letter, public_id=public_id)
    senders = (OPERATOR, *letters.kind_of(row).roles)
    may_send = in_group(request, *senders)
    if not may_send and not in_group(request, AUDITOR):
        raise Http404
    error, status = "", 200
    if request.method == "POST":
        if not may_send:
            raise PermissionDenied
        try:
            if "posted" in request.POST:
                letters.mark_posted(letter=row, sender=request.user)
                messages.success(request, _("The letter is recorded as sent on paper today."))
            elif "returned" in request.POST:
                given = {name: request.POST.get(name, "")[:200] for name in ("sent", "words")}
                letters.mark_returned(letter=row, sender=request.user, **given)
                messages.success(request, _("The letter is recorded as returned."))
            else:
                letters.send_again(letter=row, sender=request.user)
                messages.success(request, _("The letter will be sent now."))
            return HttpResponseRedirect(request.path)
        except Refused as refusal:
            error, status = str(refusal.sentence), refusal.status
    context = {"title": _("Letter to a body"), "letter": row, "reason": REASONS.get(row.reason, ""), "error": error}
    context |= {"why": letters.why_returned(row), "may_send": may_send and letters.may_send(row)}
    may_return = may_send and row.state == DeliveryState.SENT and letters.kind_of(row).stands(row.key)
    return staff_page(request, "admin/notifications/letter.html", status, **context, may_return=may_return)


def _unsent(request: HttpRequest) -> int | None:
    """How many letters wait for an operator; an auditor reads the list without a count on each page."""
    if not in_group(request, OPERATOR):
        return None
    return letters.for_staff()[:MAX_COUNT].count()


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """What the first page says about messages that the member of staff has not opened."""
    unread = queries.unread_count(request.user)
    if not unread:
        return HomePart()
    title = ngettext("One message that you have not opened", "%(count)s messages that you have not opened", unread) % {"count": unread}
    return HomePart(notices=[HomeNotice(title, "", reverse("notifications:inbox"), _("My messages"))])


staff_menu.register(
    "notifications",
    StaffEntry(
        "work",
        _("People to call about a message"),
        "admin:notifications_notreached_changelist",
        permission="notifications.view_notreached",
        count=_calls,
        tile=_("no message reached them"),
        tone="warn",
    ),
    StaffEntry(
        "operation",
        _("Letters to bodies"),
        "admin:letters",
        (OPERATOR, AUDITOR),
        count=_unsent,
        tile=_("letters not sent to other bodies"),
        tone="warn",
    ),
    deliveries_admin.ENTRY,
)


admin.site.add_pages(  # type: ignore[attr-defined]
    [path("letters/", letters_to_bodies, name="letters"), path("letters/<slug:public_id>/", letter, name="letter")], home=home
)
