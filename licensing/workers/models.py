"""The health certificates of the workers of a shop; imported by `licensing.models`."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.accounts.models import User
from municipality.kernel import ids
from shops.models import Shop


class WorkerCertificate(models.Model):
    """The health certificate of one worker, as the holder of the shop entered it.

    Of the civil number only its keyed hash and its mask are stored: nobody needs to read it again. A worker who leaves is deleted here;
    the audit log keeps the number of the certificate and the day.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("model", "shop"))
    name = models.CharField(_("name"), max_length=120)
    civil_id_digest = models.CharField(max_length=64, editable=False)
    civil_id_masked = models.CharField(_("civil number"), max_length=12, editable=False)
    number = models.CharField(_("number of the certificate"), max_length=20)
    last_day = models.DateField(_("to"))
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("entered by"))
    entered_at = models.DateTimeField(_("entered at"))
    # The last day that a reminder was sent about.
    reminded_of = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("health certificate of a worker")
        verbose_name_plural = _("health certificates of workers")
        ordering = ["last_day", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "civil_id_digest"], name="licensing_worker_once"),
            models.CheckConstraint(condition=~models.Q(name="") & ~models.Q(number=""), name="licensing_worker_whole"),
        ]
        indexes = [models.Index(fields=["last_day"], name="licensing_worker_ending")]

    def __str__(self) -> str:
        return self.number

    def state_on(self, today: dt.date, warn_days: int) -> str:
        """`ok`, `warn` within `warn_days` of the last day, `bad` after it."""
        if self.last_day < today:
            return "bad"
        return "warn" if self.last_day <= today + dt.timedelta(days=warn_days) else "ok"
