"""Figures of violation reports in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

SPLITS = {"team": gettext_lazy("team"), "offence": gettext_lazy("offence"), "area": gettext_lazy("area")}
LABELS = {
    "recorded": gettext_lazy("recorded"),
    "warned": gettext_lazy("warned first"),
    "corrected": gettext_lazy("put right"),
    "minutes": gettext_lazy("violation reports"),
    "served": gettext_lazy("served"),
    "ordered": gettext_lazy("with settlement"),
    "settled": gettext_lazy("settled in time"),
    "objected": gettext_lazy("objected to"),
    "overturned": gettext_lazy("objection upheld"),
    "undefended": gettext_lazy("undefended"),
    "annulled": gettext_lazy("annulled"),
    "waived": gettext_lazy("waived"),
    "reduced": gettext_lazy("reduced"),
    "referred": gettext_lazy("referred to the court"),
    "judged": gettext_lazy("ruled by the court"),
    "acquitted": gettext_lazy("found no violation"),
}
SPANS = {
    "service": gettext_lazy("Days from violation report to proved service"),
    "settling": gettext_lazy("Days from service to settlement"),
    "answer": gettext_lazy("Days from objection to its end"),
}
