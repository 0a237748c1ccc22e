"""Deliveries, read-only, without texts and addresses."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.notifications import not_reached, queries, services
from municipality.notifications.models import CallOutcome, Delivery, DeliveryState, NotReached
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, ReadOnlyAdmin, code, in_group, moment, require_role
from municipality.ui.code_labels import label_codes, label_of
from municipality.ui.staff_home import HomeNotice, HomePart
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.texts import Text

OPERATOR = "operator"
# Why a message was not sent by a channel.
REASONS: dict[str, Text] = {
    "": "—",
    "no_address": _("The person has no confirmed address"),
    "limit": _("The number has reached its limit of messages"),
    "refused": _("The channel refused it permanently"),
    "foreign_link": _("The text contains an external address"),
    "exhausted": _("Every attempt failed"),
    "demo": _("Demo data, not sent"),
    "switched_off": _("Switched off by the person"),
    "legal_notice": _("A legal notice: sent although switched off"),
    "fallback": _("In place of a channel that failed"),
}
label_codes(
    {
        "delivery.retried": _("Message tried again"),
        "message.called": _("Call about a message recorded"),
        "message.escalated": _("Unopened message listed for a call"),
        "notifications.channels_chosen": _("Channels of messages chosen"),
        "notifications.escalate_unread": _("List messages that nobody opened"),
        "notifications.account": _("Message about an account"),
        "notifications.code": _("Send a one-time code"),
        "notifications.deliver": _("Send a message"),
        "limits.messages": _("Periods of following up messages"),
    }
)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    change_form_template = "admin/notifications/delivery/change_form.html"
    list_display = ("kind", "channel_name", "state_name", "reason_name", "when", "provider")
    list_filter = ("state", "channel")
    list_select_related = ("message",)
    ordering = ("-pk",)
    fields = ("kind", "subject_code", "channel_name", "state_name", "reason_name", "when", "provider", "key")

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:delivery_id>/retry/", self.admin_site.admin_view(self.retry), name="notifications_delivery_retry"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        delivery: Delivery | None = self.get_object(request, object_id)
        may = delivery is not None and delivery.state == DeliveryState.FAILED and in_group(request, OPERATOR)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_retry": may})

    def retry(self, request: HttpRequest, delivery_id: int) -> HttpResponse:
        """Ask for confirmation (GET), then enqueue the delivery again (POST)."""
        require_role(request, OPERATOR)
        delivery = get_object_or_404(Delivery.objects.select_related("message__person"), pk=delivery_id)
        page = reverse("admin:notifications_delivery_change", args=[delivery.pk], current_app=self.admin_site.name)
        until = services.limited_until(delivery)
        if until is not None:
            text = _("The number has reached its limit of messages and takes the next one on {at}. Until then the message would fail.")
            self.message_user(request, format_html(str(text), at=moment(until)), messages.WARNING)
            return HttpResponseRedirect(page)
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "delivery": delivery,
                "title": _("Try again"),
                "back": page,
            }
            return TemplateResponse(request, "admin/notifications/delivery/retry.html", context)
        user: Any = request.user
        if services.retry(delivery, actor=Actor(OPERATOR, user.key)):
            self.message_user(request, _("The message will be sent by this channel now."))
        else:
            self.message_user(request, _("This message has not failed on this channel. Nothing was changed."), messages.WARNING)
        return HttpResponseRedirect(page)

    @admin.display(description=_("kind"))
    def kind(self, delivery: Delivery) -> SafeString | str:
        return label_of(delivery.message.kind)

    @admin.display(description=_("subject"))
    def subject_code(self, delivery: Delivery) -> SafeString | str:
        return code(delivery.message.subject_key)

    @admin.display(description=_("handed over"))
    def when(self, delivery: Delivery) -> str:
        return moment(delivery.sent_at)

    @admin.display(description=_("reason"))
    def reason_name(self, delivery: Delivery) -> Text:
        return REASONS.get(delivery.reason, code(delivery.reason))

    @admin.display(description=_("channel"), ordering="channel")
    def channel_name(self, delivery: Delivery) -> str:
        return delivery.get_channel_display()

    @admin.display(description=_("state"), ordering="state")
    def state_name(self, delivery: Delivery) -> str:
        return delivery.get_state_display()

    @admin.display(description=_("number at the channel"))
    def provider(self, delivery: Delivery) -> SafeString | str:
        return code(delivery.provider_id)

    @admin.display(description=_("idempotency key"))
    def key(self, delivery: Delivery) -> SafeString | str:
        return code(delivery.idempotency_key)


class _Progress(admin.SimpleListFilter):
    """By default what is still to call."""

    title = _("progress")  # type: ignore[assignment]
    parameter_name = "progress"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("reached", _("Reached after all")), ("called", _("Called")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        choices = super().choices(changelist)
        yield {**next(choices), "display": _("To call")}
        yield from choices

    def queryset(self, request: HttpRequest, rows: QuerySet[NotReached]) -> QuerySet[NotReached]:
        if self.value() == "called":
            return rows.filter(called_at__isnull=False)
        if self.value() == "reached":
            return rows.filter(pk__in=queries.reached_after_all().values("pk"))
        return rows if self.value() == "all" else rows.filter(pk__in=queries.to_call().values("pk"))


@admin.register(NotReached)
class NotReachedAdmin(ReadOnlyAdmin):
    """Who is to be called. The list has no names; opening a row, and its number, is in the access log of the person."""

    change_form_template = "admin/notifications/notreached/change_form.html"
    list_display = ("kind", "cause_name", "when", "called", "outcome_name")
    list_filter = (_Progress, "cause")
    list_select_related = ("message", "called_by")
    ordering = ("since", "pk")
    fields = ("kind", "title", "subject_code", "cause_name", "when", "person", "called", "outcome_name")

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

    @admin.display(description=_("kind"))
    def kind(self, row: NotReached) -> SafeString | str:
        return label_of(row.message.kind)

    @admin.display(description=_("title"))
    def title(self, row: NotReached) -> str:
        return row.message.title

    @admin.display(description=_("subject"))
    def subject_code(self, row: NotReached) -> SafeString | str:
        return code(row.message.subject_key)

    @admin.display(description=_("reason"), ordering="cause")
    def cause_name(self, row: NotReached) -> str:
        return row.get_cause_display()

    @admin.display(description=_("since"), ordering="since")
    def when(self, row: NotReached) -> str:
        return moment(row.since)

    @admin.display(description=_("person"))
    def person(self, row: NotReached) -> str:
        return str(row.message.person.name_ar)

    @admin.display(description=_("called"))
    def called(self, row: NotReached) -> str:
        return f"{moment(row.called_at)}، {row.called_by.name_ar}" if row.called_by is not None else "—"

    @admin.display(description=_("outcome"))
    def outcome_name(self, row: NotReached) -> str:
        return row.get_outcome_display() or "—"


def _calls(request: HttpRequest) -> int | None:
    """How many people the counter has to call."""
    return queries.to_call()[:MAX_COUNT].count() if in_group(request, not_reached.ROLE) else None


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
    StaffEntry("operation", _("Sending of messages"), "admin:notifications_delivery_changelist", permission="notifications.view_delivery"),
)


admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
