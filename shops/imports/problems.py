"""Texts of the problems of a sheet or a row, and how to solve them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.imports import sheets

FILE: dict[str, Any] = {
    **sheets.FILE,
    "empty": _("The file holds no line. Its first line names the columns, and each further line is one shop."),
    "too_big": _("The file is larger than 40 MB. Please split it into several files."),
    "too_many_lines": _("The file holds more than 150,000 lines. Please split it into several files."),
}
LINE: dict[str, Any] = {
    **sheets.LINE,
    "licence_no": _("The number of a commercial licence takes letters, digits, dashes and slashes only, as on the licence."),
    "sheet_number": _("The spreadsheet rounded the number (as 2.9E+11). Please make the column text and write all digits."),
    "twice_in_file": _("This licence number stands in an earlier line of the file already. Please take one of them out."),
    "public_id": _("Another shop, or none, has this identifier. Please compare it with the licence number, or leave the cell empty."),
    "merged": _("The shop with this licence was found to be the same as another one. Please write the number of that one."),
    "activity": _("There is no such activity. Please write its code, or its name as the list of activities has it."),
    "area": _("There is no such area. Please write its name as the list of areas has it, and its governorate beside it."),
    "area_twice": _("Several governorates have an area of this name. Please fill in the governorate."),
    "governorate": _("There is no such governorate. Please write its two letters: AH, FA, HA, JA, KU or MU."),
    "paci": _("The PACI number of an address has eight digits."),
    "number": _("This is not a whole number above zero. Please write digits only."),
    "future": _("This date lies ahead. Please compare it with the register it came from."),
    "too_old": _("This date is before 1950. Please write the year with four digits."),
    "point": _("This place is not in or around Kuwait. Please write latitude and longitude in degrees, such as 29.3759 and 47.9774."),
    "no_latitude": _("The latitude is missing. Please fill in its column too, adding it if need be, or write a dash in both columns."),
    "no_longitude": _("The longitude is missing. Please fill in its column too, adding it if need be, or write a dash in both columns."),
    "building_and_plot": _("A shop has a building or a plot, not both. Please write a dash in the one that does not hold."),
    "building_or_plot": _("A shop needs a building or a plot. Please fill in one of them."),
    "no_dash": _("This value cannot be taken away. Please write the new one, or leave the cell empty."),
    "state": _("Please write one of: open, suspended, closed."),
    "state_on": _("The state differs from that of the register. Please write the day since when it holds."),
    "state_early": _("The shop was closed or suspended only after this day. Please compare the day."),
    "closed_suspended": _("The shop is closed. It must be opened again before it can be suspended."),
    "holder": _("Nobody in the register has this registration number. Please write the holder's name beside it."),
    "changed_since": _("The register changed after the dry run, so the line was left out. Please compare it and load it again."),
}


class NotReadable(sheets.NotReadable):
    """The file cannot be read at all."""

    sentences = FILE
