"""Open fines from before the portal: the file that a branch loads, and each of its lines as it was read."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from municipality.documents.models import StoredFile
from municipality.kernel import ids, money
from municipality.places.models import Area, Branch
from shops.models import Shop


class PaperFile(models.Model):
    """A file of paper fines. It is read first (dry run), released by a second person, and then taken in batches.

    The bytes are kept encrypted, since they hold civil numbers; the same bytes are loaded once.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id)
    name = models.CharField("اسم الملف", max_length=120)
    sha256 = models.CharField("البصمة", max_length=64)
    encoding = models.CharField("الترميز", max_length=20)
    content = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="الملف")
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="الفرع")
    lines = models.PositiveIntegerField("السطور")
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="رفعه")
    loaded_at = models.DateTimeField("رفع في")
    # How far the dry run and the taking have come, as counts of lines.
    read = models.PositiveIntegerField("قُرئ", default=0)
    checked_at = models.DateTimeField("فُحص في", null=True, blank=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="أجازه")
    released_at = models.DateTimeField("أجيز في", null=True, blank=True)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="ردّه")
    refused_at = models.DateTimeField("رُد في", null=True, blank=True)
    taken_line = models.PositiveIntegerField("آخر سطر قُيّد", default=0)
    taken = models.PositiveIntegerField("قُيّد", default=0)
    done_at = models.DateTimeField("اكتمل في", null=True, blank=True)

    class Meta:
        verbose_name = "ملف مخالفات ورقية"
        verbose_name_plural = "ملفات المخالفات الورقية"
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=Q(refused_at__isnull=True), name="violations_paper_file_once"),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=models.F("loaded_by")), name="violations_paper_two_people"
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True, released_at__isnull=True)
                | Q(released_by__isnull=False, released_at__isnull=False, checked_at__isnull=False, refused_at__isnull=True),
                name="violations_paper_released_whole",
            ),
            models.CheckConstraint(
                condition=Q(taken=0, taken_line=0, done_at__isnull=True) | Q(released_by__isnull=False), name="violations_paper_taken_late"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"paper:{self.public_id}"


class PaperState(models.TextChoices):
    """How far a fine had come on paper. The value is the end of the move that carries it over."""

    OPEN = "open", "مفتوحة للصلح"
    OVERDUE = "overdue", "انتهت مهلة الصلح"
    REFERRED = "referred", "محالة إلى المحكمة"
    JUDGED = "judged", "صدر فيها حكم"


class PaperRow(models.Model):
    """One line of a file: what is wrong with it, or the fine that it is. Never changed; what is wrong is loaded again.

    `problems` is a list of [column, code]. `number` is the fine's number in the portal: branch and number of the minute.
    """

    file = models.ForeignKey(PaperFile, models.PROTECT, related_name="rows", verbose_name="الملف")
    line = models.PositiveIntegerField("السطر")  # of the file, as a sheet counts it
    is_good = models.BooleanField("سليم")
    is_known = models.BooleanField("مقيد من قبل", default=False)
    problems = models.JSONField("الأخطاء", default=list)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="الفرع")
    paper_no = models.CharField("رقم المحضر الورقي", max_length=40, blank=True)
    number = models.CharField("الرقم", max_length=40, blank=True)
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

    class Meta:
        verbose_name = "سطر ورقي"
        verbose_name_plural = "السطور الورقية"
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="violations_paper_line_once"),
            models.UniqueConstraint(fields=["file", "number"], condition=Q(is_good=True), name="violations_paper_number_once"),
            models.CheckConstraint(
                condition=Q(is_good=False)
                | Q(fils__gt=0, fils__lte=money.MAX_FILS, branch__isnull=False, written_on__isnull=False, area__isnull=False)
                & ~Q(number="")
                & ~Q(offence="")
                & Q(state__in=PaperState.values)
                & (Q(shop__isnull=False) | ~Q(party_digest="")),
                name="violations_paper_good_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line}"
