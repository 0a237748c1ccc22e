"""Boards whose fees are asked for, or that are to be licensed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from licensing import models
from licensing.signage.changes.queries import Changed
from licensing.signage.drawing.forms import StoredDrawingForm
from licensing.signage.fees import AskedBoard, BoardFee, ChangeFee, NoRate, PartOfPeriod, change_fee, fee_of
from licensing.signage.labels import deposit_formula, formula
from municipality.rulebook.boards import BoardLimit, BoardRates
from municipality.rulebook.models import BoardClass, BoardMedium, BoardRuleKind, BoardSubject
from municipality.ui.forms import DecimalNumberField, LtrInput, WholeNumberField
from municipality.ui.plurals import counted

MOST_BOARDS = 20  # of one calculation
MOST_FACES = 4
MAY_STAND = frozenset({BoardMedium.LIGHT_BOX.value, BoardMedium.SCREEN.value, BoardMedium.MOVING_SCREEN.value})
LIT = MAY_STAND  # by what they are
ON_WALL = MAY_STAND | {BoardMedium.FASCIA.value}  # what may stand out from a wall
BY_PIECE = frozenset({BoardMedium.CART.value, BoardMedium.BIKE.value})  # counted, not measured
_SIZE: dict[str, Any] = {"min_value": Decimal("0.1"), "max_value": 100, "decimal_places": 2}
_METRES, _COUNT = LtrInput(inputmode="decimal", css="kp-board__number"), LtrInput(css="kp-board__number")
_WIDTH = _("Enter the width in metres, from 0.10 to 100, such as 2.40.")
_HEIGHT = _("Enter the height in metres, from 0.10 to 100, such as 0.80.")
_PROJECTION = _("Enter how far the board stands out in metres, from 0 to 10, such as 0.15.")
_PIECES = _("Enter the number of pieces, from 1 to 999.")
_MONTHS = _("Enter the number of months, such as 12.")
NO_RATE = _("The table of fees has no such board. Choose another class or medium, or ask at the municipal branch.")

CLASS_HINTS = _(
    "Introductory: name and activity of the shop. Commercial: advertises goods, services or a brand. "
    "Seasonal: for an occasion or a sale. Construction project: on a building site."
)


MEDIUM_HINT = _("Light box: hollow, with its lamps inside. A board on the front on which lamps shine is a board on the front, and lit.")


def _said(text: Any) -> dict[str, Any]:
    """One message of a number for all that can be wrong with it: the summary of errors names no field."""
    return dict.fromkeys(("required", "invalid", "min_value", "max_value", "max_decimal_places"), text)


class BoardForm(forms.Form):
    """One board: its kind and months; size in metres and faces, or the pieces of what is counted. `fee` is its fee once it is valid."""

    board_class = forms.ChoiceField(label=_("Class"), choices=BoardClass.choices, initial=BoardClass.INTRODUCTORY, help_text=CLASS_HINTS)
    medium = forms.ChoiceField(label=_("Medium"), choices=BoardMedium.choices, initial=BoardMedium.FASCIA, help_text=MEDIUM_HINT)
    width = DecimalNumberField(label=_("Width in metres"), widget=_METRES, error_messages=_said(_WIDTH), **_SIZE)
    height = DecimalNumberField(label=_("Height in metres"), widget=_METRES, error_messages=_said(_HEIGHT), **_SIZE)
    faces = forms.TypedChoiceField(label=_("Faces"), coerce=int, initial=1)
    pieces = WholeNumberField(
        label=_("Pieces of one design"), min_value=1, max_value=999, initial=1, widget=_COUNT, error_messages=_said(_PIECES)
    )
    months = WholeNumberField(label=_("Months"), min_value=1, initial=12, widget=_COUNT, error_messages=_said(_MONTHS))
    fee: BoardFee | None = None
    results: Sequence[models.BoardCheck] = ()  # of its rule check (`checked.check`)

    def __init__(self, *args: Any, rates: BoardRates, longest: int, changed: Changed | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rates, self.longest, self.changed = rates, longest, changed
        if changed is not None:  # its licence keeps its months
            self.fields["months"] = WholeNumberField(widget=forms.HiddenInput, disabled=True, initial=changed.board.months)
        for name in ("width", "height", "faces", "drawing") if self["medium"].value() in BY_PIECE else ("pieces",):
            self.fields.pop(name, None)
        if "faces" in self.fields:
            faces: Any = self.fields["faces"]
            faces.choices = [(number, counted(number, "face")) for number in range(1, MOST_FACES + 1)]

    @property
    def formula(self) -> str:
        """The formula of the fee with its figures."""
        return formula(self.fee) if self.fee is not None else ""

    @property
    def deposit_formula(self) -> str:
        """The formula of the deposit with its figures."""
        return deposit_formula(self.fee) if self.fee is not None else ""

    def clean_months(self) -> int:
        months: int = self.cleaned_data["months"]
        if months > self.longest and self.changed is None:
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
            self.fee = self._fee_of(board)
        except NoRate:
            self.add_error("medium", NO_RATE)
        except PartOfPeriod:
            if self.changed is None:
                self.add_error("months", _("This board is licensed by whole years: enter 12, 24 or 36 months."))
            else:
                self.add_error("medium", _("Such a board is licensed by whole years, and this licence is by months. Choose another kind."))
        return data

    def _fee_of(self, board: AskedBoard) -> BoardFee:
        fee, changed = fee_of(board, self.rates), self.changed
        if changed is None:
            return fee
        is_less = fee.deposit_fils < changed.earlier.deposit_fils
        return change_fee(fee, changed.earlier, months_left=changed.months_left, held_fils=changed.held_fils if is_less else 0)


class RequestedBoardForm(BoardForm):
    """A board to be licensed: where it is, too, and the facts that the rules about such a board need."""

    is_lit = forms.BooleanField(label=_("It is lit"), required=False)
    projection = DecimalNumberField(
        label=_("Metres that it stands out from the wall"),
        widget=_METRES,
        required=False,
        help_text=_("With its frame and lamps. Leave it empty if you do not know it."),
        error_messages=_said(_PROJECTION),
        **_SIZE | {"min_value": 0, "max_value": 10},
    )
    place = forms.CharField(
        label=_("Place"),
        max_length=120,
        help_text=_("Where on the shop: above the door, on the window, on the roof."),
        error_messages={"required": _("Say where the board is.")},
    )
    subject = forms.ChoiceField(
        label=_("What the board advertises"),
        choices=[("", _("Choose")), *BoardSubject.choices],
        error_messages={"required": _("Say what the board advertises.")},
    )
    approval = forms.CharField(
        label=_("Official approval"),
        max_length=120,
        required=False,
        help_text=_("Its number and the body that gave it. Without it a medicine or a medical operation is not advertised."),
    )
    is_standing = forms.BooleanField(label=_("It stands on the ground, on a base of its own"), required=False)
    top = DecimalNumberField(
        label=_("Upper edge above the ground in metres"),
        widget=_METRES,
        error_messages={"required": _("Enter the height of the upper edge in metres.")},
        **_SIZE,
    )
    next_board = DecimalNumberField(
        label=_("Metres to the next free-standing board"),
        widget=_METRES,
        required=False,
        help_text=_("Leave it empty if you do not know it."),
        **_SIZE | {"max_value": 100_000},
    )
    front = DecimalNumberField(
        label=_("Width of the shop front in metres"),
        widget=_METRES,
        required=False,
        **_SIZE | {"max_value": 1000},
    )
    # On a photo, by `drawing.forms.StoredDrawingForm.text`.
    drawing = forms.CharField(widget=forms.HiddenInput, required=False)
    drawn: StoredDrawingForm | None = None  # once `drawing.drawings.attach` found that it gives the size
    photo_url = ""

    def __init__(self, *args: Any, limits: Sequence[BoardLimit] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        for name in {"is_lit", "projection", "subject", "approval", "is_standing", "top", "next_board", "front"} - set(self._needed()):
            del self.fields[name]

    def _needed(self) -> list[str]:
        """The fields of facts that a rule about such a board needs."""
        board_class, medium, subject = (self[name].value() for name in ("board_class", "medium", "subject"))
        may_stand = medium in MAY_STAND and any(
            one.is_standing and one.is_about(board_class, medium, is_standing=True) for one in self.limits
        )
        is_standing = may_stand and bool(self["is_standing"].value())
        about = [one for one in self.limits if one.is_about(board_class, medium, is_standing=is_standing)]
        kinds = {one.kind for one in about}
        asks_subject = BoardRuleKind.SUBJECT in kinds and board_class != BoardClass.INTRODUCTORY
        needed = {
            "is_lit": medium not in LIT | BY_PIECE,
            "projection": medium in ON_WALL and not is_standing,
            "subject": asks_subject,
            "approval": asks_subject and any(one.is_lifted_by_approval and one.subject == subject for one in about),
            "is_standing": may_stand,
            "top": BoardRuleKind.HEIGHT in kinds,
            "next_board": BoardRuleKind.DISTANCE in kinds,
            "front": BoardRuleKind.SHARE in kinds,
        }
        return [name for name, is_needed in needed.items() if is_needed]

    def board(self, line: int) -> models.Board:
        """The board of a valid form as a row that is not saved, with the rate of its fee."""
        fee: Any = self.fee
        rate, asked = vars(fee.rate), vars(fee.board)
        facts = {name: value for name, value in (rate | asked).items() if name != "is_assumption"}
        given = self.cleaned_data
        checked = {
            f"{name}_cm": _centimetres(given.get(field))
            for name, field in (("projection", "projection"), ("top", "top"), ("next", "next_board"), ("front", "front"))
        }
        changes = {}
        if isinstance(fee, ChangeFee) and self.changed is not None:
            changes = {"previous": self.changed.board, "months_left": fee.months_left, "returned_fils": fee.returned_fils}
        return models.Board(
            **facts,
            **checked,
            **changes,
            line=line,
            place=given["place"],
            fee_fils=fee.fee_fils,
            deposit_fils=fee.deposit_fils,
            is_lit=fee.board.medium in LIT or given.get("is_lit", False),
            is_standing=given.get("is_standing", False),
            subject=BoardSubject.SHOP if fee.board.board_class == BoardClass.INTRODUCTORY else given.get("subject", ""),
            approval=given.get("approval", ""),
        )


def _centimetres(metres: Decimal | None) -> int | None:
    return None if metres is None else int(metres * 100)


_INCOMPLETE = dict.fromkeys(("required", "invalid"), _("The page was sent incomplete. Reload it and try again."))


class BoardsPageForm(forms.Form):
    """The version of the draft that the page was opened with."""

    version = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages=_INCOMPLETE)


class SendBoardsForm(BoardsPageForm):
    """Sending; `total` is the sum on the page in fils, another one is refused."""

    total = WholeNumberField(widget=forms.HiddenInput, min_value=0, error_messages=_INCOMPLETE)
