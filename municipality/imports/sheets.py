"""Texts for files and lines that cannot be read, and the download of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from municipality.kernel import sheets
from municipality.ui.tables import Cell, as_csv
from municipality.ui.texts import Text

FILE: dict[str, Text] = {
    "no_file": _("Please choose a file."),
    "workbook": _("This is a workbook, not CSV. In the spreadsheet choose “Save as” and then “CSV UTF-8”."),
    "binary": _("This is not a text file. Please save the table as “CSV UTF-8” and load that."),
    "broken_text": _(
        "Some letters of the file are damaged: it is neither whole UTF-8 nor Windows-1256. Please save it anew as “CSV UTF-8”."
    ),
    "nul": _("Line %(line)s holds a character that cannot be used (NUL). Please type its cells anew and save the table as “CSV UTF-8”."),
    "no_columns": _("The first line does not name these columns: %(columns)s. Their names are listed below; the order is free."),
    "column_twice": _("The first line names a column twice: %(columns)s. Please leave one of them."),
    "open_quote": _("A cell that begins with a quotation mark does not end. Please close it at line %(line)s, or take the mark away."),
}


LINE: dict[str, Text] = {
    "missing": _("This cell is empty. Please fill it in."),
    "too_long": _("The text is too long for this column. Please shorten it."),
    "control": _("The cell holds signs that cannot be printed. Please type it anew."),
    "formula": _("The cell begins like a formula of a spreadsheet (=, +, - or @). Please take the sign away and keep the plain text."),
    "cells": _("The line has more cells than columns. A cell that holds the separator must stand in quotation marks."),
    "date": _("This is not a date. Please write it as 2024-05-31 or 31/05/2024."),
}


class NotReadable(sheets.NotReadable):
    """The file as a whole cannot be read; `code` is a key of `sentences`."""

    sentences: ClassVar[Mapping[str, Text]] = FILE

    @property
    def sentence(self) -> str:
        """What is wrong and how to put it right, in the language that is active."""
        text = str(self.sentences[self.code])
        return text % self.facts if self.facts else text


def problem_sheet(name: str, problems: Iterable[tuple[int, str, Text]]) -> HttpResponse:
    """A CSV file with line, column and sentence, in both languages, of each problem."""
    head = ("line", "column", "الخطأ وعلاجه", "What is wrong and how to correct it")
    rows: list[tuple[Cell, ...]] = []
    for line, column, sentence in problems:
        texts = []
        for language in ("ar", "en"):
            with translation.override(language):
                texts.append(str(sentence))
        rows.append((line, column, *texts))
    response = HttpResponse(as_csv(head, rows, separator=";"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
