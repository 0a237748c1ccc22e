"""Opinions in words: the question, tags of outcomes, building limits in both languages."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from municipality.rulebook.land import LandClass
from municipality.rulebook.models import Activity
from municipality.ui.templatetags.portal import bilingual, ltr
from municipality.ui.texts import Text
from zoning.answer.forms import floor_name
from zoning.models import Plot

# Outcome → tag.
TAGS = {"permitted": "ok", "conditional": "warn", "not_permitted": "bad", "limits": "ok", "other_limits": "warn", "no_data": "wait"}
AGREEMENT_TAGS = {"agrees": "ok", "deviates": "bad", "completes": "wait"}


def limits_text(land_class: LandClass, share: float) -> dict[str, str]:
    """The building limits of a class as a ground of an instant answer, in both languages; `share` is that of the plot."""
    texts = {}
    for language in ("ar", "en"):
        with translation.override(language):
            texts[language] = _limits(land_class, share)
    articles = {"article_ar": land_class.article_ar, "article_en": land_class.article_en}
    return {"outcome": "limits", "ar": texts["ar"], "en": texts["en"], **articles}


def _limits(land_class: LandClass, share: float) -> str:
    name = land_class.name_ar if get_language() == "ar" else land_class.name_en
    head = _("%(land)s (%(percent)s%% of the plot)") % {"land": name, "percent": number_format(round(100 * share, 1))}
    metres = [(_("height"), land_class.height_cm), (_("setback from the street"), land_class.front_cm)]
    metres.append((_("setback from neighbours"), land_class.side_cm))
    parts = [_("building ratio %(percent)s%%") % {"percent": land_class.ratio_percent}] if land_class.ratio_percent else []
    parts += [_("floors: %(count)s") % {"count": land_class.floors}] if land_class.floors else []
    parts += [_("%(what)s %(metres)s m") % {"what": what, "metres": number_format(cm / 100)} for what, cm in metres if cm]
    return f"{head}: {_(', ').join(parts)}" if parts else head


def question(activity: Activity | None, floor: int | None) -> Text:
    """`Women's salon · Ground floor`, or what may be built."""
    if activity is None or floor is None:
        return _("What may be built on this plot?")
    return format_html("{} · {}", bilingual(activity, "name"), floor_name(floor))


def plot_name(plot: Plot) -> Text:
    """Number, block and area of a plot."""
    text = _("Plot {number}, block {block}, {area}")
    return format_html(text, number=ltr(plot.number), block=ltr(plot.block), area=bilingual(plot.area, "name"))


def ground(row: dict[str, Any]) -> str:
    """One kept ground of an instant answer with its article, in the active language."""
    language = "ar" if get_language() == "ar" else "en"
    return " ".join(filter(None, [row[language], f"({row[f'article_{language}']})" if row[f"article_{language}"] else ""]))
