"""Deliveries, read-only, without texts and addresses."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.actors import Actor
from municipality.notifications import queries, services
from municipality.notifications.models import Delivery, DeliveryState
from municipality.ui.admin_base import ReadOnlyAdmin, code, in_group, moment, require_role
from municipality.ui.code_labels import label_codes, label_of
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
}
label_codes(
    {
        "delivery.retried": _("Message tried again"),
        "notifications.account": _("Message about an account"),
        "notifications.code": _("Send a one-time code"),
        "notifications.deliver": _("Send a message"),
    }
)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    change_form_template = "admin/notifications/delivery/change_form.html"
    list_display = ("kind", "channel_name", "state_name", "reason_name", "when", "provider")
    list_filter = ("channel", "state")
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
        delivery = get_object_or_404(Delivery.objects.select_related("message"), pk=delivery_id)
        page = reverse("admin:notifications_delivery_change", args=[delivery.pk], current_app=self.admin_site.name)
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


def home(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """Context of the home page: how many messages a member of staff has not opened."""
    return {"home_parts": ["admin/notifications/home_part.html"], "own_unread": queries.unread_count(request.user)}


admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
