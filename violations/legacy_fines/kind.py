"""Sheets of legacy fines as a kind of import."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.imports.models import ImportFile, LineOutcome
from municipality.imports.registry import Checked, ImportKind, Pages, Row
from municipality.kernel import arabic, clock, digits
from municipality.places.models import Area, Branch
from municipality.rulebook import queries as rulebook
from municipality.ui.admin_base import in_group
from municipality.ui.templatetags.portal import bilingual, day, kwd, ref, term
from municipality.ui.texts import Text
from shops.register import queries as shops
from violations import queries, rules
from violations.legacy_fines import problems, validation, writer
from violations.legacy_fines.columns import LAYOUT
from violations.models import PaperRow, Violation
from violations.services.relief import ALLOWS, ASKS


def check(file: ImportFile, rows: Sequence[Row]) -> Iterator[Checked]:
    """Check some lines. A fine of an earlier file is unchanged, or wrong if its sum, state or date differs."""
    known = _known(file, rows)
    fines = [(line, validation.check(cells, known, extra=extra)) for line, cells, extra in rows]
    numbers = [fine.values.get("number", "") for _line, fine in fines]
    earlier_rows = {row.number: row.paper for row in Violation.objects.filter(number__in=numbers).select_related("paper")}
    for line, fine in fines:
        values = dict(fine.values)
        number = values.pop("number", "")
        checked = Checked(line, number or values.get("paper_no", ""), problems=fine.problems, values=values)
        paper = earlier_rows.get(number)
        if fine.civil_id and not fine.problems:
            values |= {f"party_{name.removeprefix('civil_id_')}": value for name, value in civil_ids.fields(fine.civil_id).items()}
        if paper is not None and not fine.problems:
            if (paper.fils, paper.state, paper.written_on) == (values["fils"], values["state"], values["written_on"]):
                checked.outcome = LineOutcome.SAME
            else:
                fine.wrong("paper_no", "known_differs")
        yield checked


def _known(file: ImportFile, rows: Sequence[Row]) -> validation.KnownViolations:
    numbers = {"".join(digits.clean(cells.get("licence_no", "")).split()).upper() for _line, cells, _extra in rows} - {""}
    branches: dict[str, str] = {}
    for branch in Branch.objects.all():
        branches |= {arabic.fold(name): branch.pk for name in (branch.pk, branch.name_ar, branch.name_en)}
    areas: dict[str, list[Area]] = {}
    for area in Area.objects.select_related("governorate__branch").order_by("pk"):
        for name in {arabic.fold(area.name_ar), arabic.fold(area.name_en)}:
            areas.setdefault(name, []).append(area)
    periods = writer.settle_by()
    catalogue = rulebook.edition(queries.OFFENCES, clock.today())
    return validation.KnownViolations(
        today=clock.today(),
        # The paper does not say how many units a band counts.
        offences={code: row.band_max_fils if row.band_unit == rules.EACH else None for code, row in catalogue.offences.items()},
        shops=shops.by_licence(numbers, "area__governorate__branch", "activity", "owner"),
        branches=branches,
        areas=areas,
        settle_by=lambda day: day + dt.timedelta(days=periods(day)["settlement_days"]),
        own_branch=file.branch_id or "",
    )


def visible(request: AuthenticatedHttpRequest, files: QuerySet[ImportFile]) -> QuerySet[ImportFile]:
    """A clerk sees the files of their branch; an authority of a branch also undecided ones and those that they decided."""
    user = request.user
    if not in_group(request, ALLOWS):
        return files.filter(branch=user.branch_id)
    if not user.branch_id:
        return files
    undecided = Q(checked_at__isnull=False, released_at__isnull=True, refused_at__isnull=True)
    return files.filter(undecided | Q(branch=user.branch_id) | Q(released_by=user) | Q(refused_by=user))


def lines(rows: Sequence[PaperRow]) -> Iterator[Sequence[Text]]:
    """What the second person signs for: each fine with its day, offence, sum, state, and the shop or the masked civil number."""
    offences = rulebook.edition(queries.OFFENCES, clock.today()).offences
    prefetch_related_objects(rows, "shop", "area")
    for row in rows:
        offence = offences.get(row.offence)
        against = term(bilingual(row.shop, "name")) if row.shop is not None else ref(row.party_masked)
        yield (
            ref(row.paper_no),
            day(row.written_on),
            term(row.offence_text) or (bilingual(offence, "name") if offence is not None else ref(row.offence)),
            kwd(row.fils or 0),
            row.get_state_display(),
            against,
            bilingual(row.area, "name"),
        )


KIND = ImportKind(
    name="paper",
    rows=PaperRow,
    reader=LAYOUT,
    check=check,
    apply=writer.apply,
    uploader=ASKS,
    releaser=ALLOWS,
    key="paper_no",
    problems=problems.LINE,
    check_batch=2000,
    apply_batch=500,
    applies=(LineOutcome.ADD,),
    is_secret=True,
    stops=False,
    visible=visible,
    lines=lines,
    pages=Pages(
        urls=("office_paper", "office_paper_file", "office_paper_problems"),
        title=_("Fines on paper"),
        intro=_(
            "Open fines from before the portal come in from a sheet: it is read first without effect, then a second person releases it. "
            "The same paper twice does nothing twice."
        ),
        limit=_("CSV file, at most 50,000 lines"),
        release_note=_(
            "Each line without errors becomes a violation report, and its party is told. Lines with errors are "
            "left out; the clerk corrects them."
        ),
        labels={
            LineOutcome.ADD: _("Good and new"),
            LineOutcome.SAME: _("Known from an earlier file, not taken again"),
            LineOutcome.WRONG: _("With errors, not taken"),
            LineOutcome.LEFT: _("Left out, because the catalogue of offences changed after the dry run"),
        },
        notes={},
        line_heads=(_("Number"), _("Date"), _("Violation"), _("Amount"), _("State"), _("Shop or civil number"), _("Area")),
    ),
)
