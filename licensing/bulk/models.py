"""Many renewals asked for in one act; imported by `licensing.models`."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import ids
from shops.models import Shop


class RenewalBatch(models.Model):
    """Renewals of licences of many shops that one person asked for at once. Jobs send them; `finished_at` is when each had its result."""

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    person = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    created_at = models.DateTimeField(_("asked for at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("renewals in one act")
        verbose_name_plural = _("renewals in one act")
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=models.Q(finished_at__isnull=True), name="licensing_batch_running_once")
        ]

    def __str__(self) -> str:
        return self.public_id


class BatchKind(models.TextChoices):
    HEALTH = "health", _("Health licence")
    BOARDS = "boards", _("Boards")


class BatchLineState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    REFUSED = "refused", _("Not sent")


class BatchLine(models.Model):
    """One renewal of a batch: the licence or the boards of a shop, at the fee in fils that its person saw. Its result is final."""

    batch = models.ForeignKey(RenewalBatch, models.PROTECT, related_name="lines", verbose_name=_("renewals in one act"))
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=10, choices=BatchKind)
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("model", "shop"))
    fils = models.PositiveBigIntegerField(_("fee in fils"))
    boards = models.JSONField(_("public ids of the boards"), default=list, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=BatchLineState, default=BatchLineState.WAITING)
    case = models.OneToOneField(Case, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("request"))
    reason_ar = models.TextField(_("reason in Arabic"), blank=True, default="")
    reason_en = models.TextField(_("reason in English"), blank=True, default="")

    class Meta:
        verbose_name = _("renewal in a batch")
        verbose_name_plural = _("renewals in batches")
        ordering = ["batch", "number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="licensing_batch_line"),
            models.UniqueConstraint(fields=["batch", "kind", "shop"], name="licensing_batch_line_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=BatchKind.values)
                & (
                    models.Q(state="waiting", case=None, reason_ar="", reason_en="")
                    | models.Q(state="sent", case__isnull=False, reason_ar="", reason_en="")
                    | models.Q(state="refused", case=None) & ~models.Q(reason_ar="") & ~models.Q(reason_en="")
                ),
                name="licensing_batch_line_result",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number}"
