"""Lines of sheets of legacy fines."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.imports.models import ImportRow
from municipality.kernel import money
from municipality.places.models import Area, Branch
from shops.models import Shop


class PaperState(models.TextChoices):
    """State of a fine on paper. The value is the suffix of the move that carries it over (`carry_…`)."""

    OPEN = "open", _("Open for settlement")
    OVERDUE = "overdue", _("Time for settlement has passed")
    REFERRED = "referred", _("Referred to the court")
    JUDGED = "judged", _("Ruled by the court")


class PaperRow(ImportRow):
    """One line of a file. `number` is the number of the fine in the portal: branch and number on the paper."""

    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"))
    paper_no = models.CharField(_("number of the paper report"), max_length=40, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=PaperState, blank=True)
    fils = models.BigIntegerField(_("amount in fils"), null=True, blank=True)
    written_on = models.DateField(_("date of the report"), null=True, blank=True)
    served_on = models.DateField(_("date of service"), null=True, blank=True)
    pay_by = models.DateField(_("last day to pay"), null=True, blank=True)
    ruling_no = models.CharField(_("judgment number"), max_length=40, blank=True)
    ruled_on = models.DateField(_("date of the judgment"), null=True, blank=True)
    offence = models.CharField(_("offence"), max_length=20, blank=True)
    offence_text = models.CharField(_("text of the offence"), max_length=200, blank=True)
    article = models.CharField(_("article"), max_length=200, blank=True)
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("shop"))
    area = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("area"))
    party_digest = models.CharField(max_length=64, blank=True, editable=False)
    party_cipher = models.TextField(blank=True, editable=False)
    party_masked = models.CharField(_("civil number"), max_length=12, blank=True, editable=False)
    party_name_ar = models.CharField(_("name of the party"), max_length=160, blank=True)
    note_ar = models.CharField(_("remark"), max_length=300, blank=True)

    class Meta(ImportRow.Meta):
        verbose_name = _("legacy fine")
        verbose_name_plural = _("legacy fines")
        constraints = [
            *ImportRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(outcome="wrong")
                | Q(fils__gt=0, fils__lte=money.MAX_FILS, branch__isnull=False, written_on__isnull=False, area__isnull=False)
                & ~Q(offence="")
                & Q(state__in=PaperState.values)
                & (Q(shop__isnull=False) | ~Q(party_digest="")),
                name="violations_paper_good_is_whole",
            ),
        ]
