"""Columns and limits of files of plots, and the columns of a file of a layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from municipality.kernel import arabic

MAX_BYTES = 150 * 1024 * 1024  # of a file as it is sent
MAX_UNPACKED = 400 * 1024 * 1024  # bytes of a shapefile taken out of its archive
MAX_JSON = 25 * 1024 * 1024  # bytes of GeoJSON, which is read whole
MAX_ROWS = 400_000
KEY = "number"
# Column → its names in the file; compared folded. Names of a shapefile have ten letters at most.
COLUMNS: dict[str, tuple[str, ...]] = {
    "area": ("المنطقة", "area_code", "area_name"),
    "block": ("القطعة", "block_no"),
    "number": ("القسيمة", "plot", "plot_no", "parcel", "parcel_no"),
    "official_area": ("المساحة الرسمية", "area_m2", "off_area", "official_a"),
    "paci": ("الرقم الآلي للعنوان", "paci_no", "paci_number"),
    "former": ("القسائم السابقة",),
}
NEEDED = ("area", "block", "number")


def _normal(name: str) -> str:
    return arabic.fold(name.strip()).replace(" ", "_")


@dataclass(frozen=True)
class FileColumns:
    """The columns of a kind of file: code → further names, and the codes that a file has to have."""

    names: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]

    def codes(self, names: Iterable[str]) -> dict[str, str]:
        """The names of a file's columns that are known, with their codes."""
        known = {_normal(name): code for code, others in self.names.items() for name in (code, *others)}
        return {name: known[_normal(name)] for name in names if _normal(name) in known}


PLOT_COLUMNS = FileColumns(COLUMNS, NEEDED)
LAYER_COLUMNS = FileColumns(
    {
        "code": ("الرمز", "class", "land_use"),
        "label_ar": ("الاسم بالعربية", "name_ar"),
        "label_en": ("الاسم بالإنجليزية", "name_en"),
        "coverage": ("مشمولة بالبيانات", "is_coverage", "surveyed"),
    },
    ("code",),
)
