"""Boards whose fees are asked for, or that are to be licensed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from licensing import models
from licensing.signage.fees import AskedBoard, BoardFee, NoRate, PartOfPeriod, fee_of
from licensing.signage.labels import formula
from municipality.rulebook.boards import BoardRates
from municipality.rulebook.models import BoardClass, BoardMedium
from municipality.ui.forms import DecimalNumberField, LtrInput, WholeNumberField
from municipality.ui.plurals import counted

MOST_BOARDS = 20  # of one calculation
MOST_FACES = 4
BY_PIECE = frozenset({BoardMedium.CART.value, BoardMedium.BIKE.value})  # counted, not measured
_SIZE: dict[str, Any] = {"min_value": Decimal("0.1"), "max_value": 100, "decimal_places": 2}
_METRES, _COUNT = LtrInput(inputmode="decimal", css="kp-board__number"), LtrInput(css="kp-board__number")
_WIDTH = _("Enter the width in metres, from 0.10 to 100, such as 2.40.")
_HEIGHT = _("Enter the height in metres, from 0.10 to 100, such as 0.80.")
_PIECES = _("Enter the number of pieces, from 1 to 999.")
_MONTHS = _("Enter the number of months, such as 12.")
NO_RATE = _("The table of fees has no such board. Choose another class or medium, or ask at the municipal branch.")

CLASS_HINTS = _(
    "Introductory: name and activity of the shop. Commercial: advertises goods, services or a brand. "
    "Seasonal: for an occasion or a sale. Construction project: on a building site."
)


def _said(text: Any) -> dict[str, Any]:
    """One message of a number for all that can be wrong with it: the summary of errors names no field."""
    return dict.fromkeys(("required", "invalid", "min_value", "max_value", "max_decimal_places"), text)


class BoardForm(forms.Form):
    """One board: its kind and months; size in metres and faces, or the pieces of what is counted. `fee` is its fee once it is valid."""

    board_class = forms.ChoiceField(label=_("Class"), choices=BoardClass.choices, initial=BoardClass.INTRODUCTORY, help_text=CLASS_HINTS)
    medium = forms.ChoiceField(label=_("Medium"), choices=BoardMedium.choices, initial=BoardMedium.FASCIA)
    width = DecimalNumberField(label=_("Width in metres"), widget=_METRES, error_messages=_said(_WIDTH), **_SIZE)
    height = DecimalNumberField(label=_("Height in metres"), widget=_METRES, error_messages=_said(_HEIGHT), **_SIZE)
    faces = forms.TypedChoiceField(label=_("Faces"), coerce=int, initial=1)
    pieces = WholeNumberField(
        label=_("Pieces of one design"), min_value=1, max_value=999, initial=1, widget=_COUNT, error_messages=_said(_PIECES)
    )
    months = WholeNumberField(label=_("Months"), min_value=1, initial=12, widget=_COUNT, error_messages=_said(_MONTHS))
    fee: BoardFee | None = None

    def __init__(self, *args: Any, rates: BoardRates, longest: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rates, self.longest = rates, longest
        for name in ("width", "height", "faces") if self["medium"].value() in BY_PIECE else ("pieces",):
            del self.fields[name]
        if "faces" in self.fields:
            faces: Any = self.fields["faces"]
            faces.choices = [(number, counted(number, "face")) for number in range(1, MOST_FACES + 1)]

    @property
    def formula(self) -> str:
        """The formula of the fee with its figures."""
        return formula(self.fee) if self.fee is not None else ""

    def clean_months(self) -> int:
        months: int = self.cleaned_data["months"]
        if months > self.longest:
            text = ngettext(
                "A board is licensed for at most %(count)s month.", "A board is licensed for at most %(count)s months.", self.longest
            )
            raise forms.ValidationError(text % {"count": self.longest})
        return months

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if self.errors:
            return data
        width, height = (int(data.get(name, 0) * 100) for name in ("width", "height"))
        board = AskedBoard(data["board_class"], data["medium"], width, height, data.get("faces", 1), data.get("pieces", 1), data["months"])
        try:
            self.fee = fee_of(board, self.rates)
        except NoRate:
            self.add_error("medium", NO_RATE)
        except PartOfPeriod:
            self.add_error("months", _("This board is licensed by whole years: enter 12, 24 or 36 months."))
        return data


class RequestedBoardForm(BoardForm):
    """A board to be licensed: where it is, too."""

    place = forms.CharField(
        label=_("Place"),
        max_length=120,
        help_text=_("Where on the shop: above the door, on the window, on the roof."),
        error_messages={"required": _("Say where the board is.")},
    )

    def board(self, line: int) -> models.Board:
        """The board of a valid form as a row that is not saved, with the rate of its fee."""
        fee: Any = self.fee
        rate, asked = vars(fee.rate), vars(fee.board)
        facts = {name: value for name, value in (rate | asked).items() if name != "is_assumption"}
        return models.Board(**facts, line=line, place=self.cleaned_data["place"], fee_fils=fee.fee_fils, deposit_fils=fee.deposit_fils)


_INCOMPLETE = dict.fromkeys(("required", "invalid"), _("The page was sent incomplete. Reload it and try again."))


class BoardsPageForm(forms.Form):
    """The version of the draft that the page was opened with."""

    version = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages=_INCOMPLETE)


class SendBoardsForm(BoardsPageForm):
    """Sending; `total` is the sum on the page in fils, another one is refused."""

    total = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages=_INCOMPLETE)
