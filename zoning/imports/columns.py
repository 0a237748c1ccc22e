"""Columns and limits of a file of plots."""

from __future__ import annotations

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
}
NEEDED = ("area", "block", "number")


def _normal(name: str) -> str:
    return arabic.fold(name.strip()).replace(" ", "_")


_NAMES = {_normal(name): code for code, names in COLUMNS.items() for name in (code, *names)}


def codes(names: list[str]) -> dict[str, str]:
    """The names of a file's columns that are known, with their codes."""
    return {name: _NAMES[_normal(name)] for name in names if _normal(name) in _NAMES}
