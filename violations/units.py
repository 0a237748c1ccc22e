"""What an inspector measured, in words with its unit."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from municipality.ui.plurals import counted
from violations import rules

# By the unit of an offence: what is asked for where it is written.
NAMES = {
    rules.PIECE: gettext_lazy("Number of pieces"),
    rules.WORKER: gettext_lazy("Number of workers"),
    rules.M2: gettext_lazy("Measure in square metres"),
    rules.M2_MONTH: gettext_lazy("Measure in square metres"),
}
MONTHS = "months"  # beside the units: how long land was occupied


def labels() -> dict[str, str]:
    """By unit, and for `MONTHS`: the label of the field that an offence needs."""
    return {unit: _("%(name)s (required)") % {"name": name} for unit, name in {**NAMES, MONTHS: _("Months of occupancy")}.items()}


def missing() -> dict[str, str]:
    """By unit, and for `MONTHS`: what is said where the field that an offence needs is empty."""
    told = {unit: _("This violation is settled by it. Please give it: %(name)s.") % {"name": name} for unit, name in NAMES.items()}
    return {**told, MONTHS: _("Please give the number of whole months.")}


def quantity(unit: str, hundredths: int) -> str:
    """`2 workers`, `3.50 m²`; empty for an offence that is not measured."""
    if unit in rules.COUNTED:
        return counted(hundredths // rules.HUNDRED, unit)
    return "" if unit == rules.EACH else _("%(number)s m²") % {"number": rules.quantity_text(hundredths)}


def measure(unit: str, hundredths: int, months: int) -> str:
    """As `quantity`, with the months of an occupancy."""
    text = quantity(unit, hundredths)
    return _("%(area)s for %(months)s") % {"area": text, "months": counted(months, "month")} if unit == rules.M2_MONTH else text


def factors(unit: str, hundredths: int, months: int) -> tuple[str, str]:
    """What a rate is multiplied by, in Arabic and English: ` × 3.50 m² × 2 months`; empty for an offence that is not measured."""
    texts = []
    for language in ("ar", "en"):
        with override(language):
            parts = [quantity(unit, hundredths)] if unit != rules.EACH else []
            texts.append("".join(f" × {part}" for part in parts + ([counted(months, "month")] if unit == rules.M2_MONTH else [])))
    return texts[0], texts[1]
