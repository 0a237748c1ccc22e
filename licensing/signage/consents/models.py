"""The agreement of the landlord or of a trademark's owner to the boards of a request; imported by `licensing.models`."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.drafts.models import Draft


class ConsentRole(models.TextChoices):
    LANDLORD = "landlord", _("Landlord")
    TRADEMARK_OWNER = "trademark_owner", _("Owner of the trademark")


class ConsentAnswer(models.TextChoices):
    AGREED = "agreed", _("Agreed")
    REFUSED = "refused", _("Refused")


class BoardConsent(models.Model):
    """One signature that was asked for by a link, under the boards of a draft as they stood then.

    Whoever opens the link and signs in is the signer; of the link only the SHA-256 of its random token is kept, and of the boards that of
    their facts (`queries.digest_of`). Before the request is sent it can be withdrawn, also after an answer. A refusal ends the draft.
    """

    draft = models.ForeignKey(Draft, models.PROTECT, related_name="+", verbose_name=_("saved request"))
    role = models.CharField(_("asked as"), max_length=20, choices=ConsentRole)
    token_digest = models.CharField(max_length=64, unique=True)
    boards_digest = models.CharField(max_length=64)
    invited_at = models.DateTimeField(_("asked at"))
    expires_at = models.DateTimeField(_("to be answered by"))
    answer = models.CharField(_("answer"), max_length=10, choices=ConsentAnswer, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    signer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("signer"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("agreement to boards")
        verbose_name_plural = _("agreements to boards")
        ordering = ["draft", "role", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "role"], condition=models.Q(withdrawn_at__isnull=True), name="licensing_board_consent_open_once"
            ),
            models.CheckConstraint(condition=models.Q(role__in=ConsentRole.values), name="licensing_board_consent_role"),
            models.CheckConstraint(
                condition=models.Q(answer="", answered_at__isnull=True, signer__isnull=True, reason="")
                | models.Q(answer="agreed", answered_at__isnull=False, signer__isnull=False, reason="")
                | models.Q(answer="refused", answered_at__isnull=False, signer__isnull=False) & ~models.Q(reason=""),
                name="licensing_board_consent_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id}: {self.role}"
