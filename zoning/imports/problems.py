"""What can be wrong with a file of plots or with one of its plots, and how to put it right."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.imports import sheets

FILE: dict[str, Any] = {
    "no_file": sheets.FILE["no_file"],
    "column_twice": _("The layer has several columns for one thing: %(columns)s. Please leave one of each."),
    "empty": _("The file holds no plot. Please export the layer of plots again."),
    "too_big": _("The file is larger than 150 MB. Please export the plots of each governorate into a file of their own."),
    "too_big_json": _("GeoJSON is read up to 25 MB. Please export the layer as GeoPackage."),
    "too_many_lines": _("The file holds more than 400,000 plots. Please export the plots of each governorate into a file of their own."),
    "not_a_map": _("This is neither a GeoPackage nor a zipped shapefile nor GeoJSON. Please export the layer in one of these."),
    "damaged": _("The file is damaged or was not sent whole. Please export the layer again."),
    "zip_path": _("The archive holds a file outside its own folder. Please zip the files of one shapefile, and nothing else."),
    "zip_parts": _("The archive must hold one shapefile: one file each of .shp, .dbf and .prj. Please zip these, and nothing else."),
    "zip_size": _("Unpacked, the archive is larger than 400 MB. Please export the plots of each governorate into a file of their own."),
    "deleted": _("The shapefile still holds rows that were deleted. Please export the layer into a new file, which has none of them."),
    "not_gpkg": _("This database is no GeoPackage. Please export the layer as GeoPackage."),
    "layers": _("The GeoPackage must hold one layer, the plots. Please export that layer alone."),
    "computed": _("The GeoPackage holds views or computed columns. Please export the layer of plots itself into a new file."),
    "no_columns": _("The layer has no columns of these names: %(columns)s. Their names are listed below; the order is free."),
    "no_system": _("The file does not name its reference system. Please set it in the exporting program and export it again."),
    "system": _("The reference system of the file is not known here. Please export it in EPSG:31901, 32638, 32639 or 4326."),
    "json_kind": _("This JSON is no collection of GeoJSON features (FeatureCollection). Please export the layer of plots as GeoJSON."),
    "json_number": _("The GeoJSON holds numbers that are none (NaN, Infinity). Please repair the layer and export it again."),
}
LINE: dict[str, Any] = {
    "missing": sheets.LINE["missing"],
    "too_long": sheets.LINE["too_long"],
    "control": sheets.LINE["control"],
    "formula": sheets.LINE["formula"],
    "cells": sheets.LINE["cells"],
    "area": _("There is no such area. Please write its number or its name as the list of areas has it."),
    "area_twice": _("Several governorates have an area of this name. Please write the number of the area from the list of areas."),
    "block": _("The number of a block has at most ten letters and digits."),
    "plot_number": _("The number of a plot has digits, Latin capitals, dashes and slashes, twenty at most, such as 44 or 44B."),
    "official_area": _("The official area is a number of square metres above zero with two decimals at most, such as 450.25."),
    "paci": _("A PACI number has eight digits; several stand with a comma between them."),
    "paci_elsewhere": _("Another plot has this PACI number. Please compare both with PACI, and correct the one that is wrong."),
    "former": _("The block has no present plot of a former number. Please compare it with the register."),
    "former_of_old": _("The register has this plot already; only a new plot comes from former ones. Please give it a new number."),
    "twice_in_file": _("An earlier plot of the file has this area, block and number already. Please take one of them out."),
    "changed_since": _(
        "The register of this plot changed after the dry run or on this day already, or the file has its outline under two numbers, so it "
        "was left out. Please compare it, and load it again tomorrow."
    ),
    "empty": _("The plot has no shape. Please draw it, or take the row out."),
    "malformed": _("The shape of the plot cannot be read. Please export the layer again."),
    "no_polygon": _("The shape of the plot is a point or a line. Please export the surfaces of the plots."),
    "too_many_points": _("The outline of the plot has more than 100,000 points. Please simplify it and export the layer again."),
    "not_finite": _("The outline of the plot holds a coordinate that is no number. Please repair the shape."),
    "swapped": _("Longitude and latitude are swapped. Please export the layer with the longitude first."),
    "outside": _("The plot lies outside Kuwait. Please compare the reference system of the file with that of its coordinates."),
    "no_area": _("The shape of the plot has no surface. Please draw its outline anew."),
}


class NotReadable(sheets.NotReadable):
    """The file cannot be read at all."""

    sentences = FILE
