"""Deliveries of messages, without texts: what failed, a part of the address, whether the person was reached otherwise, and another try."""

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
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from municipality.kernel import request_cache
from municipality.kernel.actors import Actor
from municipality.notifications import letters, queries, services
from municipality.notifications.models import Delivery, DeliveryState
from municipality.notifications.registry import MESSAGE_KINDS
from municipality.ui.admin_base import MAX_COUNT, NarrowedFilter, ReadOnlyAdmin, code, column, in_group, moment, require_role
from municipality.ui.code_labels import label_of
from municipality.ui.staff_home import HomePart, Next
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.subject_names import NamedSubjectsMixin, name_in_full, name_of
from municipality.ui.texts import Text

OPERATOR = "operator"
# Why a message was not sent by a channel.
REASONS: dict[str, Text] = {
    "": "—",
    "no_address": _("The person has no confirmed address"),
    services.CLOSED: _("The account of the person is closed"),
    "limit": _("The number has reached its limit of messages"),
    "refused": _("The channel refused it permanently"),
    "foreign_link": _("The text contains an external address"),
    "exhausted": _("Every attempt failed"),
    "body_without_address": _("The rulebook has no e-mail address of this body"),
    "address_returned": _("The last e-mail to the address of this body came back"),
    letters.NOT_NEEDED: _("Not sent: what it asks for was done or over before"),
    letters.RETURNED: _("Letter came back"),
    "demo": _("Demo data, not sent"),
    "switched_off": _("Switched off by the person"),
    "legal_notice": _("A legal notice: sent although switched off"),
    "fallback": _("In place of a channel that failed"),
}


class _DeliveryStateFilter(NarrowedFilter):
    """By default what failed and reached its person by no other way."""

    title = _("state")  # type: ignore[assignment]
    parameter_name = "state"
    by_default = _("Failed, person not reached")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*DeliveryState.choices, ("all", _("All"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        if self.value() == "all":
            return rows
        return rows.filter(state=self.value()) if self.value() else rows.filter(pk__in=queries.not_delivered().values("pk"))


@admin.register(Delivery)
class DeliveryAdmin(NamedSubjectsMixin, ReadOnlyAdmin):
    subjects = ("message.subject_key",)
    change_form_template = "admin/notifications/delivery/change_form.html"
    change_list_template = "admin/notifications/delivery/change_list.html"
    list_display = ("what", "sent_to", "state_name", "otherwise", "written")  # short enough to stay a table beside the boxes
    list_filter = (_DeliveryStateFilter, "channel")
    list_select_related = ("message__person", "message__not_reached")
    ordering = ("-pk",)
    fields = (*("kind", "subject_in_full", "recipient", "channel_name", "state_name", "otherwise", "written", "when", "provider", "key"),)
    kind = column(_("kind"), label_of, "message.kind")
    subject_in_full = column(_("subject"), name_in_full, "message.subject_key")
    written = column(_("written"), moment, "message.created_at", ordering="pk")
    when = column(_("handed over"), moment, "sent_at")
    provider = column(_("number at the channel"), code, "provider_id")
    key = column(_("key of the sending"), code, "idempotency_key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).prefetch_related("message__deliveries")

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        if not in_group(request, OPERATOR):
            return {}
        return {"try_again": (_try_again, "try_again", _("Try again"))}

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:delivery_id>/retry/", self.admin_site.admin_view(self.retry), name="notifications_delivery_retry"),
            *super().get_urls(),
        ]

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        failed = row.state == DeliveryState.FAILED and in_group(request, OPERATOR)
        return {"may_retry": failed and services.limited_until(row) is None}

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
    def what(self, delivery: Delivery) -> SafeString:
        return format_html("{}<br><small>{}</small>", self.kind(delivery), name_of(delivery.message.subject_key))

    @admin.display(description=_("recipient"))
    def sent_to(self, delivery: Delivery) -> SafeString:
        return format_html("{} {}", delivery.get_channel_display(), self.recipient(delivery))

    @admin.display(description=_("recipient"))
    def recipient(self, delivery: Delivery) -> SafeString | str:
        declared = MESSAGE_KINDS.get(delivery.message.kind)
        return "—" if declared is not None and declared.hides_recipient else code(services.masked_address(delivery))

    @admin.display(description=_("channel"), ordering="channel")
    def channel_name(self, delivery: Delivery) -> str:
        return delivery.get_channel_display()

    @admin.display(description=_("state"), ordering="state")
    def state_name(self, delivery: Delivery) -> SafeString | str:
        if not delivery.reason:
            return delivery.get_state_display()
        reason = REASONS.get(delivery.reason, code(delivery.reason))
        return format_html("{}<br><small>{}</small>", delivery.get_state_display(), reason)

    @admin.display(description=_("reached by another way"))
    def otherwise(self, delivery: Delivery) -> Text:
        return _reached_otherwise(delivery) if delivery.state in (DeliveryState.FAILED, DeliveryState.SKIPPED) else "—"


def _reached_otherwise(delivery: Delivery) -> Text:
    message = delivery.message
    others = {row.state: row for row in message.deliveries.all() if row.pk != delivery.pk}
    listed = getattr(message, "not_reached", None)
    if message.read_at is not None:
        return gettext("Yes: opened in the portal")
    if DeliveryState.SENT in others:
        return format_html(gettext("Yes: {channel}"), channel=others[DeliveryState.SENT].get_channel_display())
    if listed is not None and listed.called_at is not None:
        return format_html(gettext("Called: {outcome}"), outcome=listed.get_outcome_display())
    if DeliveryState.WAITING in others:
        return format_html(gettext("Is being sent: {channel}"), channel=others[DeliveryState.WAITING].get_channel_display())
    return gettext("No: the counter is to call") if listed is not None else gettext("No: only in the person’s messages")


def _try_again(model_admin: DeliveryAdmin, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
    """Send the chosen failed messages again, each by one channel, except those whose number takes no message yet."""
    require_role(request, OPERATOR)
    user: Any = request.user
    sent = limited = 0
    again: set[int] = set()  # messages
    for delivery in rows.filter(state=DeliveryState.FAILED).select_related("message__person").order_by("pk"):
        if delivery.message_id in again:
            continue
        if services.limited_until(delivery) is not None:
            limited += 1
        else:
            sent += services.retry(delivery, actor=Actor(OPERATOR, user.key))
            again.add(delivery.message_id)
    if sent:
        text = ngettext("One message will be sent now.", "%(count)s messages will be sent now.", sent)
        model_admin.message_user(request, text % {"count": sent})
    if limited:
        text = ngettext(
            "One message is not sent: its phone number has reached its limit of messages. Its page says when that ends.",
            "%(count)s messages are not sent: their phone numbers have reached their limit of messages. Each page says when that ends.",
            limited,
        )
        model_admin.message_user(request, text % {"count": limited}, messages.WARNING)
    if not sent and not limited:
        model_admin.message_user(request, _("None of the chosen messages has failed. Nothing was changed."), messages.WARNING)


def _failed(request: HttpRequest) -> int | None:
    """How many messages failed and reached nobody, for an operator."""
    if not in_group(request, OPERATOR):
        return None
    return request_cache.get_or_set("notifications.failed", lambda: queries.not_delivered()[:MAX_COUNT].count())


def home(request: HttpRequest) -> HomePart:
    """What an operator has to do about messages that failed."""
    count = _failed(request)
    if not count:
        return HomePart()
    oldest = queries.not_delivered().select_related("message").order_by("pk").first()
    if oldest is None:  # sent meanwhile
        return HomePart()
    title = ngettext("One message failed and reached nobody", "%(count)s messages failed and reached nobody", count) % {"count": count}
    since = format_html(
        gettext("Written at: {at}.") if count == 1 else gettext("The oldest was written at: {at}."), at=moment(oldest.message.created_at)
    )
    return HomePart(Next(_("Operation"), title, since, _("Open the list"), reverse("admin:notifications_delivery_changelist")))


ENTRY = StaffEntry(
    "operation",
    _("Sending of messages"),
    "admin:notifications_delivery_changelist",
    permission="notifications.view_delivery",
    count=_failed,
    tile=_("failed, person not reached"),
    tone="bad",
)
admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
