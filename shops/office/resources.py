"""The columns of an export, and those that a correction may change: names, activity, address and area."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from import_export import fields, instance_loaders, resources

from municipality.kernel import clock
from municipality.kernel.actors import Actor
from shops.imports import queries as imports
from shops.imports import validation, writer
from shops.imports.columns import COLUMNS, KEY
from shops.imports.problems import LINE
from shops.models import Shop
from shops.register.services import COLUMNS as DECIDED
from shops.register.services import FactChange, change_register

MAX_ROWS = 5000  # rows
# The facts that a correction may write, with their columns.
FACTS = {name: DECIDED[name] for name in ("trade_name", "activity", "address", "area_m2")}
WRITABLE = frozenset().union(*FACTS.values())
ONLY_SHEETS = _("This column is not changed by a correction. Please load a sheet of the register for it.")
NOT_THERE = _("No shop of the register has this commercial licence number. Please compare it with the licence.")


class ShopResource(resources.ModelResource):
    """Exports shops and imports corrections; every change goes through the services of the register."""

    governorate = fields.Field(column_name="governorate", attribute="area__governorate_id", readonly=True)
    activity = fields.Field(column_name="activity", attribute="activity_id", readonly=True)
    area = fields.Field(column_name="area", attribute="area__name_ar", readonly=True)

    class Meta:
        model = Shop
        fields = tuple(name for name in COLUMNS if name not in ("holder_ar", "holder_en", "state", "state_on"))
        export_order = fields
        import_id_fields = (KEY,)
        instance_loader_class = instance_loaders.CachedInstanceLoader
        skip_html_diff = True

    def __init__(self, source: str = "", actor: Actor | None = None) -> None:
        super().__init__()
        self.source, self.actor = source, actor
        self.changes: list[tuple[int, Shop, dict[str, list[Any]]]] = []  # row number, shop, column → before and after

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self.changes = []
        self.known = validation.KnownShops(today=clock.today(), **imports.places_by_name())
        self.current = writer.present(validation.number_of(str(number or "")) for number in dataset[KEY])
        self.numbers: set[str] = set()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Validate the row as a row of a sheet. Raises ValidationError with a text for each invalid cell."""
        cells = {name: str(value) for name, value in row.items() if name in COLUMNS and value not in (None, "")}
        number = validation.number_of(cells.get(KEY, ""))
        present = self.current.get(number)
        line = validation.check(cells, self.known, present)
        errors = [(column, LINE[code]) for column, code in line.problems if column in cells or column in (KEY, "")]
        if line.number and present is None:
            errors = [(KEY, NOT_THERE)]
        if line.number and line.number in self.numbers:
            errors.append((KEY, LINE["twice_in_file"]))
        errors += [(column, ONLY_SHEETS) for column in line.effect if column not in WRITABLE]
        if errors:
            raise ValidationError({column or KEY: [sentence] for column, sentence in errors})
        self.numbers.add(line.number)
        row[KEY] = line.number
        self._effect = line.effect

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Does nothing: the services write the values."""

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not self._effect

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True) -> None:
        """Does nothing: `before_import_row` validated the row."""

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        self.changes.append((int(kwargs["row_number"]), instance, self._effect))
        if kwargs.get("dry_run"):
            return
        if self.actor is None or not self.source:
            raise ValueError("a correction names its source and who makes it")
        changes = []
        for name, columns in FACTS.items():
            if touched := [column for column in self._effect if column in columns]:
                before, after = ({column: self._effect[column][side] for column in touched} for side in (0, 1))
                changes.append(FactChange(name, after, before, after))
        change_register(shop=instance, changes=changes, source=self.source, actor=self.actor)
