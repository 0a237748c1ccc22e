"""Problems of a file of legacy fines and of its lines, with what to do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.imports import sheets

FILE: dict[str, Any] = {
    **sheets.FILE,
    "empty": _("The file holds no line. Its first line names the columns, and each further line is one fine."),
    "too_big": _("The file is larger than 12 MB. Please split it into several files."),
    "too_many_lines": _("The file holds more than 50,000 lines. Please split it into several files."),
}
LINE: dict[str, Any] = {
    **sheets.LINE,
    "paper_no": _("The number of the violation report takes Latin letters, digits, dashes and slashes only, as on the paper."),
    "future": _("This date lies ahead. Please compare it with the paper."),
    "too_old": _("This date is before 1980. Please write the year with four digits, as on the paper."),
    "before_report": _("This date is before the violation report itself. Please compare both dates with the paper."),
    "offence": _("The catalogue has no such offence. Please take a code of the catalogue, or leave it empty and write text and article."),
    "sheet_number": _("The spreadsheet rounded the number (as 2.9E+11). Please make the column text and write all twelve digits."),
    "civil_length": _("A civil number has twelve digits and begins with 2 or 3."),
    "civil_date": _("The birth date in the civil number does not exist. Please compare its digits with the paper."),
    "civil_check": _("The last digit does not fit the others: one digit of the civil number is wrong. Please compare it with the paper."),
    "nobody": _("Please say against whom: a civil number, or the number of a commercial licence."),
    "licence": _(
        "No shop of the register has this licence number. Please compare it with the licence, or add the civil number of the party."
    ),
    "amount": _("This is not an amount. Please write dinars with a point and up to three decimals, such as 100.000."),
    "amount_range": _("The amount must be above zero and below a million dinars."),
    "above_court": _(
        "The amount is above the maximum fine of the court for this offence. Please compare it with the paper; if it stands there, "
        "the legal department decides."
    ),
    "state": _("Please write one of: open, overdue, referred, judged."),
    "served_needed": _("A fine in this state was served on paper. Please write the date on which it was."),
    "deadline": _("The last day to settle has passed. Please write the state overdue, or the later day that the branch has granted."),
    "pay_by_state": _("Only a fine whose settlement is open has a last day to pay. Please empty the cell or correct the state."),
    "ruling_needed": _("A fine that the court has ruled on needs the number and the date of the judgment."),
    "ruling_state": _("A judgment stands here, but the state is not judged. Please correct one of them."),
    "branch": _("There is no such branch. Please write its two letters: AH, FA, HA, JA, KU or MU."),
    "other_branch": _("This fine is of another branch. Please let that branch load it."),
    "area": _("There is no such area. Please write its name as the list of areas has it."),
    "area_branch": _("This area does not belong to the branch of the fine. Please compare both."),
    "twice_in_file": _("This number of a violation report stands in an earlier line of the file already. Please take one of them out."),
    "known_differs": _("A fine with this number was carried over before with another sum or state. Please compare both with the paper."),
    "changed_since": _(
        "The catalogue has no such offence any more, as it changed after the dry run. The line was left out. Please compare it with the "
        "catalogue and load it again."
    ),
}


class NotReadable(sheets.NotReadable):
    """The file as a whole cannot be read."""

    sentences = FILE
