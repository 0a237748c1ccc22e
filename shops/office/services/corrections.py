"""Exports and small corrections, up to 5,000 rows, by django-import-export; larger ones are sheets (`shops.imports`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tablib
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.documents import store
from municipality.documents.models import StoredFile
from municipality.kernel import ids
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.ui.tables import as_csv, as_xlsx
from shops.imports.columns import COLUMNS, LAYOUT
from shops.models import Shop
from shops.office.resources import MAX_ROWS, ShopResource
from shops.register.roles import CLERK, KEEPER

MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass
class CorrectionPreview:
    """What a correction changes (row number, shop, before and after by column), and its errors by row number and column."""

    file: StoredFile
    changes: list[tuple[int, Shop, dict[str, list[Any]]]] = field(default_factory=list)
    errors: list[tuple[int, str, str]] = field(default_factory=list)
    same: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of the changes, in hexadecimal digits: the same file brings others once the register has changed."""
        changes = [(line, shop.pk, effect) for line, shop, effect in self.changes]
        return hashlib.sha256(json.dumps(changes, sort_keys=True, default=str).encode()).hexdigest()


def export(*, shops: QuerySet[Shop], form: str, filters: dict[str, str], by: User) -> bytes:
    """Shops as CSV or XLSX, without formulas. Raises NotPermitted, Refused: too_many, unknown_form."""
    require_group(by, CLERK, KEEPER)
    if form not in MEDIA:
        raise Refused("unknown_form", _("The page was sent incomplete. Reload it and try again."))
    rows = shops.select_related("area", "activity").order_by("pk")
    count = rows[: MAX_ROWS + 1].count()
    if count > MAX_ROWS:
        raise Refused("too_many", _("More than 5,000 shops fit. Please choose an area or an activity, and export them one by one."))
    resource = ShopResource()
    dataset = resource.export(queryset=rows)
    cells = [["" if cell is None else str(cell) for cell in row] for row in dataset]
    with transaction.atomic():
        data = {"shops": count, "form": form, **filters}
        record("register.exported", subject="register:shops", actor=Actor("register", by.key), data=data)
    if form == "csv":
        return as_csv(dataset.headers, cells, separator=";")
    return as_xlsx([("shops", dataset.headers, cells)])


def preview(*, content: bytes, by: User) -> CorrectionPreview:
    """Validate a correction and save its file. Raises NotPermitted, NotReadable, Refused: too_many."""
    require_group(by, KEEPER)
    dataset, lines = _dataset(content)
    with transaction.atomic():
        result = CorrectionPreview(store.put(content, "text/csv"))
    return _run(dataset, lines, result, ShopResource(), dry_run=True)


@transaction.atomic
def correct(*, file: StoredFile, as_seen: str, by: User) -> CorrectionPreview:
    """Apply a previewed correction, all or nothing; `as_seen` is the digest of its preview.

    Raises NotPermitted, Refused: too_many, wrong_lines, nothing_new, changed_meanwhile.
    """
    require_group(by, KEEPER)
    content = store.read(file)
    dataset, lines = _dataset(content)
    actor, source = Actor(KEEPER, by.key), f"correction:{ids.public_id()}"
    result = _run(dataset, lines, CorrectionPreview(file), ShopResource(source, actor), dry_run=False)
    if result.errors:
        raise Refused("wrong_lines", _("The file has lines with errors. Please correct them and load it again."))
    if not result.changes:
        raise Refused("nothing_new", _("The register already says this. Please write what is new."))
    if result.digest != as_seen:
        raise Refused("changed_meanwhile", _("The register has changed since this was shown. Please load the file again."))
    data = {"shops": len(result.changes), "source": source, "sha256": hashlib.sha256(content).hexdigest()}
    record("register.corrected", subject="register:shops", actor=actor, data=data)
    return result


def _dataset(content: bytes) -> tuple[tablib.Dataset, list[int]]:
    """The rows of a file, and the row number of each as in a spreadsheet."""
    text, _encoding = LAYOUT.decode(content)
    dataset = tablib.Dataset(headers=list(COLUMNS))
    lines: list[int] = []
    for number, cells, _extra in LAYOUT.lines(text):
        if len(lines) == MAX_ROWS:
            raise Refused("too_many", _("A correction takes at most 5,000 lines. Please load it as a sheet of the register."))
        dataset.append([cells.get(name, "").removeprefix("'") for name in COLUMNS])
        lines.append(number)
    return dataset, lines


def _run(
    dataset: tablib.Dataset, lines: Sequence[int], preview: CorrectionPreview, resource: ShopResource, *, dry_run: bool
) -> CorrectionPreview:
    imported = resource.import_data(dataset, dry_run=dry_run, raise_errors=False, use_transactions=False)
    for error in imported.base_errors:
        raise error.error
    for _number, row_errors in imported.row_errors():
        raise row_errors[0].error from None
    for invalid in imported.invalid_rows:
        for column, messages in invalid.field_specific_errors.items():
            preview.errors += [(lines[invalid.number - 1], column, message) for message in messages]
    preview.changes = [(lines[number - 1], shop, effect) for number, shop, effect in resource.changes]
    preview.same = len(lines) - len(preview.changes) - len(imported.invalid_rows)
    return preview
