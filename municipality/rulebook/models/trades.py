"""Words that people use for a trade."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel import arabic
from municipality.rulebook.models.activities import Activity
from municipality.rulebook.models.rulesets import RuleSet

MOST_WORDS = 3  # of one entry of a list of words


def word_list(text: str) -> list[str]:
    """The entries of a list of `TradeRule`, separated by commas or semicolons of either script."""
    return [entry for entry in map(str.strip, re.split("[,،;؛\\n]", text)) if entry]


def check_word_list(text: str) -> None:
    """Raise ValidationError where an entry has no word, more than MOST_WORDS, or one letter only."""
    for entry in word_list(text):
        words = arabic.words(entry)
        if not 1 <= len(words) <= MOST_WORDS or sum(map(len, words)) < 2:
            raise ValidationError(_("Each name has one to three words and at least two letters. Separate names with a comma."))


class TradeRule(models.Model):
    """Words for a trade besides the names of the register, by which the search finds shops of the activity.

    `words_ar` and `words_en` are lists (`word_list`); an entry is one to MOST_WORDS words, in any spelling that folds alike.
    A trade may have several rows, each with its source.
    """

    ruleset = models.ForeignKey(RuleSet, models.PROTECT, related_name="trades")
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="+", verbose_name=_("activity"))
    words_ar = models.CharField(_("names in Arabic"), max_length=400, blank=True, validators=[check_word_list])
    words_en = models.CharField(_("names in Latin letters"), max_length=400, blank=True, validators=[check_word_list])
    source_ar = models.CharField(_("legal ground in Arabic"), max_length=200)
    source_en = models.CharField(_("legal ground in English"), max_length=200)
    is_assumption = models.BooleanField(_("assumption"), default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(words_ar="", words_en=""),
                name="rulebook_trade_has_words",
                violation_error_message=_("An activity has at least one name."),
            ),
            models.CheckConstraint(condition=~models.Q(source_ar="") & ~models.Q(source_en=""), name="rulebook_trade_has_source"),
        ]
        ordering = ["activity", "pk"]
        verbose_name = _("names of an activity")
        verbose_name_plural = _("names of activities")

    def __str__(self) -> str:
        return self.activity_id
