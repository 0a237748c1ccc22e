"""Sheets of the register as a kind of import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation
from municipality.imports.models import ImportFile, LineOutcome
from municipality.imports.registry import Checked, ImportKind, Pages, Row
from municipality.kernel import clock
from shops.imports import problems, queries, validation, writer
from shops.imports.columns import KEY, LAYOUT, NEEDED_OF_NEW
from shops.models.imports import RegisterRow
from shops.register.roles import CLERK, KEEPER


def check(file: ImportFile, rows: Sequence[Row]) -> Iterator[Checked]:
    """Compare some rows with the register."""
    numbers = [validation.number_of(cells.get(KEY, "")) for _line, cells, _extra in rows]
    registered = {validation.number_of(cells.get("commercial_registration_no", "")) for _line, cells, _extra in rows} - {""}
    holders = Organisation.objects.filter(commercial_register_no__in=registered).values_list("commercial_register_no", flat=True)
    known = validation.KnownShops(today=clock.today(), holders=frozenset(holders), **queries.places_by_name())
    current = writer.present(set(numbers) - {""})
    for number, (line, cells, extra) in zip(numbers, rows, strict=True):
        result = validation.check(cells, known, current.get(number), extra=extra)
        yield Checked(line, result.number, result.outcome, result.problems, {"effect": result.effect})


KIND = ImportKind(
    name="register",
    rows=RegisterRow,
    reader=LAYOUT,
    check=check,
    apply=writer.apply,
    uploader=CLERK,
    releaser=KEEPER,
    key=KEY,
    problems=problems.LINE,
    figures=lambda file: {"absent": queries.absent(file).count()},
    pages=Pages(
        urls=("register_files", "register_file", "register_problems"),
        title=_("Sheets of the register"),
        intro=_(
            "A sheet of the register is read first without effect; a second person releases it, and then it is taken in batch by batch. "
            "The same sheet twice does nothing twice. Shops that the sheet does not name stay as they are."
        ),
        limit=_("CSV file, at most 150,000 lines and 40 MB"),
        labels={
            LineOutcome.ADD: _("New shops"),
            LineOutcome.CHANGE: _("Shops that change"),
            LineOutcome.SAME: _("Shops without a change"),
            LineOutcome.WRONG: _("Lines with errors, not taken"),
            LineOutcome.LEFT: _("Left out, because the register changed after the dry run"),
        },
        notes=dict.fromkeys(NEEDED_OF_NEW, _("needed of a new shop")),
        columns_intro=_(
            "The number of the commercial licence identifies the shop of a line. An empty cell leaves the "
            "register unchanged; a dash removes the value, where it may be removed."
        ),
        template="admin/shops/file.html",
    ),
)
