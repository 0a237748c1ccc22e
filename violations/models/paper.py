"""Lines of sheets of legacy fines."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from municipality.imports.models import ImportRow
from municipality.kernel import money
from municipality.places.models import Area, Branch
from shops.models import Shop


class PaperState(models.TextChoices):
    """State of a fine on paper. The value is the suffix of the move that carries it over (`carry_…`)."""

    OPEN = "open", "مفتوحة للصلح"
    OVERDUE = "overdue", "انتهت مهلة الصلح"
    REFERRED = "referred", "محالة إلى المحكمة"
    JUDGED = "judged", "صدر فيها حكم"


class PaperRow(ImportRow):
    """One line of a file. `number` is the number of the fine in the portal: branch and number on the paper."""

    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="الفرع")
    paper_no = models.CharField("رقم المحضر الورقي", max_length=40, blank=True)
    state = models.CharField("الحالة", max_length=10, choices=PaperState, blank=True)
    fils = models.BigIntegerField("المبلغ بالفلس", null=True, blank=True)
    written_on = models.DateField("تاريخ المحضر", null=True, blank=True)
    served_on = models.DateField("تاريخ الإعلان", null=True, blank=True)
    pay_by = models.DateField("آخر يوم للسداد", null=True, blank=True)
    ruling_no = models.CharField("رقم الحكم", max_length=40, blank=True)
    ruled_on = models.DateField("تاريخ الحكم", null=True, blank=True)
    offence = models.CharField("المخالفة", max_length=20, blank=True)
    offence_text = models.CharField("نص المخالفة", max_length=200, blank=True)
    article = models.CharField("المادة", max_length=200, blank=True)
    shop = models.ForeignKey(Shop, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="المحل")
    area = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="المنطقة")
    party_digest = models.CharField(max_length=64, blank=True, editable=False)
    party_cipher = models.TextField(blank=True, editable=False)
    party_masked = models.CharField("الرقم المدني", max_length=12, blank=True, editable=False)
    party_name_ar = models.CharField("اسم المخالف", max_length=160, blank=True)
    note_ar = models.CharField("ملاحظة", max_length=300, blank=True)

    class Meta(ImportRow.Meta):
        verbose_name = "سطر ورقي"
        verbose_name_plural = "السطور الورقية"
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
