"""The other cases of the shop, the person and the plot that a case is about, for whoever studies it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES, label
from municipality.review.models import ConflictOfInterest, Party
from municipality.review.registry import ON_PLOT, REVIEWABLES, OnPlot
from municipality.ui.texts import Text

SHOWN = 20  # on the page of the case
PAGE = 50
FIELDS = ("public_id", "reference", "service", "subject", "held_under", "applicant_id", "state", "is_open", "opened_at")  # of a line


@dataclass(frozen=True)
class LinkedCase:
    """One line: what it has in common with the case, its service, and its state as a tag."""

    case: Case
    common: Text
    service: Text
    state: str
    label: Text


@dataclass(frozen=True)
class LinkedCases:
    lines: list[LinkedCase]
    has_more: bool


def visible_to(user: User, case: Case) -> QuerySet[Case]:
    """The other cases of the shop, the person and the plot of a case that a member of staff may read.

    None for a case that is studied without names; cases of such services, and those with whose parties the user has a conflict of
    interest, are left out.
    """
    if case.service not in REVIEWABLES or REVIEWABLES[case.service].is_blind:
        return Case.objects.none()
    about = _about(case)
    services = [name for name in TIMELINES if name not in REVIEWABLES or not REVIEWABLES[name].is_blind]
    ids = Case.objects.filter(Q(subject=about) | Q(applicant=case.applicant_id)).values("pk")
    located = _located(about)
    if located is not None:
        place = located.place(about)
        found = [keys for kind in ON_PLOT.values() for keys in kind.subjects(place)]
        ids = ids.union(*(Case.objects.filter(subject__in=keys).values("pk") for keys in found))
    return without_conflicts(user, Case.objects.filter(~Q(pk=case.pk), pk__in=ids, service__in=services)).order_by("-pk")


def _about(case: Case) -> str:
    """The key of the subject of a case that stands on a plot, such as its shop; the one of its rights where none does."""
    return next((key for key in (case.subject, case.held_under) if _located(key)), case.rights_key)


def _located(key: str) -> OnPlot | None:
    return ON_PLOT.get(key.partition(":")[0])


def without_conflicts(user: User, cases: QuerySet[Case]) -> QuerySet[Case]:
    """The cases with none of whose parties a member of staff has a conflict of interest."""
    conflicts = ConflictOfInterest.objects.filter(officer=user, ended_at__isnull=True).values("party_key")
    return cases.filter(~Exists(Party.objects.filter(case=OuterRef("pk"), key__in=conflicts)))


def lines_of(user: User, case: Case, *, most: int, before: int | None = None) -> LinkedCases:
    """The newest linked cases, those before a primary key if one is given; one query."""
    rows = visible_to(user, case).only(*FIELDS)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: most + 1])
    return LinkedCases([_line(row, case) for row in found[:most]], len(found) > most)


def first_of(user: User, case: Case) -> LinkedCases:
    """What the page of the case shows."""
    return lines_of(user, case, most=SHOWN)


def _line(row: Case, case: Case) -> LinkedCase:
    about = _about(case)
    located = _located(about)
    if located is not None and _about(row) == about:
        common = located.same
    elif row.applicant_id == case.applicant_id:
        common = _("same person")
    else:
        common = _("same plot")
    state, text = label(row)
    return LinkedCase(row, common, TIMELINES[row.service].name, state, text)
