"""Rows on land use: classes with their building limits, uses of each floor, and distances to objects."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models.activities import Activity
from municipality.rulebook.models.rulesets import RuleSet


class _LandRow(models.Model):
    article_ar = models.CharField(_("article in Arabic"), max_length=200)
    article_en = models.CharField(_("article in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=~models.Q(article_ar="") & ~models.Q(article_en=""), name="rulebook_%(class)s_has_article")
        ]


class LandClassRule(_LandRow):
    """A class of land use with its building limits; an empty limit means that the rules name none.

    The ratio is of all floors to the plot in per cent; lengths are centimetres.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="land_classes")
    code = models.CharField(_("code"), max_length=30)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    ratio_percent = models.PositiveIntegerField(_("building ratio in per cent"), null=True, blank=True)
    floors = models.PositiveSmallIntegerField(_("floors"), null=True, blank=True)
    height_cm = models.PositiveIntegerField(_("height in centimetres"), null=True, blank=True)
    front_cm = models.PositiveIntegerField(_("setback from the street in centimetres"), null=True, blank=True)
    side_cm = models.PositiveIntegerField(_("setback from neighbours in centimetres"), null=True, blank=True)

    class Meta(_LandRow.Meta):
        constraints = [
            *_LandRow.Meta.constraints,
            models.UniqueConstraint(fields=["ruleset", "code"], name="rulebook_land_class_once"),
        ]
        ordering = ["pk"]
        verbose_name = _("class of land use")
        verbose_name_plural = _("classes of land use")

    def __str__(self) -> str:
        return self.code


class ActivityGroupRule(models.Model):
    """The group of an activity: rules on land use name groups."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="activity_groups")
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="+", verbose_name=_("activity"))
    group = models.CharField(_("group of activities"), max_length=30)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ruleset", "activity"], name="rulebook_activity_group_once")]
        verbose_name = _("group of an activity")
        verbose_name_plural = _("groups of activities")

    def __str__(self) -> str:
        return f"{self.activity_id}: {self.group}"


class UseOutcome(models.TextChoices):
    PERMITTED = "permitted", _("Permitted")
    CONDITIONAL = "conditional", _("Permitted with conditions")
    NOT_PERMITTED = "not_permitted", _("Not permitted")


class LandUseRule(_LandRow):
    """What a group of activities may do on some floors of a class; 0 is the ground floor, below it lie basements.

    A floor that no row holds is not decided: the answer is then that there is no data, never that it is permitted.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="land_uses")
    land_class = models.CharField(_("class of land use"), max_length=30)
    group = models.CharField(_("group of activities"), max_length=30)
    first_floor = models.SmallIntegerField(_("from floor"))
    last_floor = models.SmallIntegerField(_("to floor"))
    outcome = models.CharField(_("outcome"), max_length=15, choices=UseOutcome)
    condition_ar = models.CharField(_("condition in Arabic"), max_length=300, blank=True)
    condition_en = models.CharField(_("condition in English"), max_length=300, blank=True)

    class Meta(_LandRow.Meta):
        constraints = [
            *_LandRow.Meta.constraints,
            models.UniqueConstraint(fields=["ruleset", "land_class", "group", "first_floor"], name="rulebook_land_use_once"),
            models.CheckConstraint(condition=models.Q(last_floor__gte=models.F("first_floor")), name="rulebook_land_use_floors"),
            models.CheckConstraint(condition=models.Q(outcome__in=UseOutcome.values), name="rulebook_land_use_outcome"),
            models.CheckConstraint(
                condition=~models.Q(outcome="conditional") | ~models.Q(condition_ar="") & ~models.Q(condition_en=""),
                name="rulebook_land_use_condition",
            ),
        ]
        ordering = ["pk"]
        verbose_name = _("permitted use")
        verbose_name_plural = _("permitted uses")

    def __str__(self) -> str:
        return f"{self.land_class} {self.group}"


class SpacingRule(_LandRow):
    """The least distance of a group of activities to objects of a layer, in metres between the plot and the object."""

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="spacings")
    group = models.CharField(_("group of activities"), max_length=30)
    layer = models.CharField(_("layer of the objects"), max_length=30)
    metres = models.PositiveIntegerField(_("least distance in metres"))
    outcome = models.CharField(_("outcome below it"), max_length=15, choices=UseOutcome, default=UseOutcome.NOT_PERMITTED)
    condition_ar = models.CharField(_("condition in Arabic"), max_length=300, blank=True)
    condition_en = models.CharField(_("condition in English"), max_length=300, blank=True)

    class Meta(_LandRow.Meta):
        constraints = [
            *_LandRow.Meta.constraints,
            models.UniqueConstraint(fields=["ruleset", "group", "layer"], name="rulebook_spacing_once"),
            models.CheckConstraint(condition=models.Q(metres__gt=0), name="rulebook_spacing_metres"),
            models.CheckConstraint(condition=models.Q(outcome__in=["conditional", "not_permitted"]), name="rulebook_spacing_outcome"),
        ]
        ordering = ["pk"]
        verbose_name = _("distance rule")
        verbose_name_plural = _("distance rules")

    def __str__(self) -> str:
        return f"{self.group}: {self.layer}"

    def clean(self) -> None:
        """Raises ValidationError for a condition without its text in both languages."""
        if self.outcome != UseOutcome.CONDITIONAL:
            return
        missing = [name for name in ("condition_ar", "condition_en") if not getattr(self, name).strip()]
        if missing:
            raise ValidationError(dict.fromkeys(missing, _("Write the condition on which a shop is permitted below this distance.")))


class ConsultationRule(_LandRow):
    """A body that is asked about a group of activities; a rule with the group "" holds for all requests.

    It has `working_days` to answer, and is asked by a letter to `email`; without one, staff print the letter. Where the question is about
    health or safety, silence never counts as a yes.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="consultations")
    group = models.CharField(_("group of activities"), max_length=30, blank=True)
    code = models.CharField(_("code"), max_length=30)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    question_ar = models.CharField(_("question in Arabic"), max_length=200)
    question_en = models.CharField(_("question in English"), max_length=200)
    working_days = models.PositiveSmallIntegerField(_("working days to answer"))
    email = models.EmailField(_("e-mail address for letters"), blank=True)
    is_safety = models.BooleanField(_("about health or safety"), default=False)

    class Meta(_LandRow.Meta):
        constraints = [
            *_LandRow.Meta.constraints,
            models.UniqueConstraint(fields=["ruleset", "group", "code"], name="rulebook_consultation_once"),
            models.CheckConstraint(condition=models.Q(working_days__gt=0), name="rulebook_consultation_days"),
        ]
        ordering = ["pk"]
        verbose_name = _("consulted body")
        verbose_name_plural = _("consulted bodies")

    def __str__(self) -> str:
        return f"{self.group} {self.code}"
