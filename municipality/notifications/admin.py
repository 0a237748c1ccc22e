"""How messages went out, to read: no text and no address, only the way."""

from __future__ import annotations

import datetime as dt

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.notifications.models import Delivery
from municipality.ui.admin_base import ReadOnlyAdmin, code


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("kind", "channel_name", "state_name", "reason_code", "when", "provider")
    list_filter = ("channel", "state")
    list_select_related = ("message",)
    ordering = ("-pk",)
    fields = ("kind", "subject_code", "channel_name", "state_name", "reason_code", "when", "provider", "key")
    readonly_fields = fields

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.readonly_fields

    @admin.display(description=_("kind"))
    def kind(self, delivery: Delivery) -> SafeString | str:
        return code(delivery.message.kind)

    @admin.display(description=_("subject"))
    def subject_code(self, delivery: Delivery) -> SafeString | str:
        return code(delivery.message.subject_key)

    @admin.display(description=_("handed over"), empty_value="—")
    def when(self, delivery: Delivery) -> dt.datetime | None:
        return delivery.sent_at

    @admin.display(description=_("reason"))
    def reason_code(self, delivery: Delivery) -> SafeString | str:
        return code(delivery.reason)

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
