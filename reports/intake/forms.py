"""The form of a report: photo, place, what it is, and who reports."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as text_of
from django.utils.translation import gettext_lazy as _

from licensing.models import Board
from municipality.kernel import clock, digits
from municipality.places import queries as places
from municipality.rulebook.report_categories import ReportCategory, ReportQuestion, ReportRules
from municipality.ui.forms import FoldedField, LtrInput, PhoneField
from reports.intake.places import is_in_kuwait, locate, may_be_in
from reports.intake.services import ReportPlace, SentReport
from reports.intake.suggestions import MOST, found, stems_of, suggested
from reports.models import PlaceSource
from reports.photos import services as photos
from shops.models import Shop
from shops.register import queries as registered

LONGEST, LONGEST_SEARCH = 1000, 80  # of the description, and of a search among the kinds
BOARD_ID = 26
_SPLIT = re.compile(r"\s*[,،;؛\s]\s*")
NOBODY, PHONE, PERSON = "nobody", "phone", "person"
WHO = [
    (NOBODY, _("Without a name")),
    (PHONE, _("With my phone number")),
    (PERSON, _("With my name, signed in")),
]


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of files; their content is checked by whoever keeps them."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [file for file in data or [] if file]


class PositionField(forms.CharField):
    """`29.3759, 47.9774`: latitude and longitude in Kuwait (WGS 84), in any digits; the value is both as numbers, or None."""

    def to_python(self, value: Any) -> Any:
        text = digits.clean_number(super().to_python(value) or "")
        if not text:
            return None
        parts = _SPLIT.split(text)
        if len(parts) != 2 or not all(re.fullmatch(r"-?\d{1,3}(\.\d{1,15})?", part) for part in parts):
            raise ValidationError(_("Write the coordinates as latitude and longitude with a comma between them, such as 29.3759, 47.9774."))
        latitude, longitude = (float(part) for part in parts)
        if is_in_kuwait(latitude, longitude):
            return latitude, longitude
        if is_in_kuwait(longitude, latitude):
            right = f"{parts[1]}, {parts[0]}"
            raise ValidationError(_("Latitude and longitude are the wrong way round. It should read %(right)s.") % {"right": right})
        raise ValidationError(_("These coordinates are not in Kuwait. Check them, or choose the area instead."))


class ReportForm(forms.Form):
    """One report. `rules` is the edition of the categories, `is_signed_in` says whether somebody's name could be used."""

    key = forms.CharField(max_length=36, widget=forms.HiddenInput)
    opened = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    camera = PhotosField(
        label=_("Take a photo"),
        required=False,
        widget=PhotosInput(attrs={"accept": "image/*", "capture": "environment"}),
    )
    photos = PhotosField(
        label=_("Photos from the device"),
        required=False,
        widget=PhotosInput(attrs={"accept": "image/jpeg,image/png,image/webp", "multiple": True}),
    )
    position = PositionField(
        label=_("Coordinates"),
        required=False,
        max_length=60,
        widget=LtrInput(inputmode="text"),
        help_text=_("Latitude and longitude, as a map application copies them."),
    )
    accuracy = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)
    source = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)
    shop = forms.CharField(required=False, max_length=BOARD_ID, widget=forms.HiddenInput)
    board = forms.CharField(required=False, max_length=BOARD_ID, widget=forms.HiddenInput)
    area = forms.ModelChoiceField(
        places.areas(),
        label=_("Area"),
        required=False,
        empty_label=_("Choose an area"),
        error_messages={"invalid_choice": _("Choose the area from the list.")},
    )
    street_block = FoldedField(label=_("Block"), required=False, max_length=10)
    street = FoldedField(
        label=_("Street"),
        required=False,
        max_length=60,
        help_text=_("Its number or name alone, such as 12 or Salem Al-Mubarak."),
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    place_note = forms.CharField(
        label=_("What is beside it?"),
        required=False,
        max_length=160,
        help_text=_("A building, a shop or a landmark that helps to find it."),
    )
    find = forms.CharField(
        label=_("Search the kinds, such as rubbish"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "dir": "auto", "maxlength": LONGEST_SEARCH}),
    )
    category = forms.ChoiceField(label=_("What is it?"), required=False, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("Describe it"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("Without names or phone numbers of people. Everybody may read it after an employee has looked at it."),
    )
    who = forms.ChoiceField(label=_("How should we tell you the result?"), choices=WHO, required=False, widget=forms.RadioSelect)
    phone = PhoneField(label=_("Mobile number"), required=False)

    def __init__(self, *args: Any, rules: ReportRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        area: Any = self.fields["area"]
        area.choices = [("", area.empty_label), *places.grouped_areas()]
        position: Any = self.fields["position"]
        if not self["shop"].value() and not self["board"].value():  # neither is optional without the other
            area.either, position.either = _("(or the coordinates)"), _("(or the area)")
        category: Any = self.fields["category"]
        category.choices = [(code, named(one)) for code, one in rules.categories.items()]
        for one in rules.categories.values():
            for question in one.questions:
                self.fields[name_of(one, question)] = _question_field(question)

    @property
    def chosen(self) -> ReportCategory | None:
        """The category that is chosen now, also where other fields are wrong."""
        return self.rules.categories.get(str(self["category"].value() or ""))

    @property
    def answers(self) -> dict[str, str]:
        """The answers to the questions of the chosen category."""
        if self.chosen is None:
            return {}
        given = {question.code: str(self[name_of(self.chosen, question)].value() or "") for question in self.chosen.questions}
        return {code: answer for code, answer in given.items() if answer}

    def parts(self) -> Iterator[tuple[ReportCategory, Any, list[tuple[ReportQuestion, Any]], str]]:
        """Each category with its choice, the fields of its questions, and the words by which a script finds it; for the template.

        Those that a search found without a script stand first.
        """
        fits = [one.code for one in self._found()]
        options = {str(option.data["value"]): option for option in self["category"]}
        for code in [*fits, *(code for code in options if code not in fits)]:
            one = self.rules.categories[code]
            yield one, options[code], [(question, self[name_of(one, question)]) for question in one.questions], " ".join(stems_of(one))

    def _found(self) -> list[ReportCategory]:
        """The categories that the search finds, the best first, until one is chosen."""
        return found(self.rules, str(self["find"].value() or "")[:LONGEST_SEARCH]) if self.chosen is None else []

    @property
    def hidden(self) -> list[str]:
        """Everything that was typed but for files, as hidden fields of the page that is checked before sending."""
        chosen = self.chosen
        asked = {name_of(chosen, question) for question in chosen.questions} if chosen is not None else set()
        ours = [name for name in self.fields if name in self.base_fields or name in asked]
        return [self[name].as_hidden() for name in ours if name not in ("camera", "photos", "find")]

    def clean_key(self) -> str:
        try:
            return str(UUID(self.cleaned_data["key"]))
        except ValueError:
            raise ValidationError(_("The page was sent incomplete. Open it again; nothing was sent.")) from None

    def clean_category(self) -> str:
        code: str = self.cleaned_data["category"]
        if code:
            return code
        fits = self._found()[:MOST] or suggested(self.rules, self.data.get("words", ""))
        if fits:
            names = text_of(" or ").join(named(one) for one in fits)
            raise ValidationError(_("Choose what it is. By your words it may be: %(names)s.") % {"names": names})
        raise ValidationError(_("Choose what it is from the list."))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.chosen is not None:
            for question in self.chosen.questions:
                if question.is_required and question.code not in self.answers:
                    self.add_error(name_of(self.chosen, question), _("Answer this question."))
            if self.chosen.code == "other" and not data.get("words"):
                self.add_error("words", _("Describe what it is."))
        if not data.get("who"):
            data["who"] = NOBODY
        if data["who"] == PHONE and not data.get("phone") and "phone" not in self.errors:
            self.add_error("phone", _("Enter a phone number: 8 digits."))
        if self.chosen is not None and not self.chosen.may_be_anonymous and data["who"] == NOBODY:
            self.add_error("who", _("This kind of report needs your name or a confirmed phone number. Inspectors never see it."))
        if "position" not in self.errors and "area" not in self.errors:
            data["place"] = self._place(data)
            if data["place"] is None:
                self.add_error("area", _("Say where it is: choose the area, or give the coordinates."))
            elif data.get("position") and data.get("area") and not may_be_in(data["area"], *data["position"]):
                self.add_error("position", _("These coordinates are not in the chosen area. Remove them, or choose their area."))
        return data

    def _place(self, data: dict[str, Any]) -> ReportPlace | None:
        """Where it is: the position, that of the photo, that of the shop or board, or an address; None without any of them."""
        board = at_board(data.get("board", ""))
        shop = board.request.shop if board is not None else at_shop(data.get("shop", ""))
        area, block, street = data.get("area"), data.get("street_block", ""), data.get("street", "")
        position, source = data.get("position"), PlaceSource.PIN
        if position is not None and data.get("source") in (PlaceSource.DEVICE, PlaceSource.PHOTO):
            source = PlaceSource(data["source"])
        elif position is None and shop is not None:
            source = PlaceSource.SHOP if board is None else PlaceSource.BOARD
            found = (shop.latitude or 0, shop.longitude or 0)
            position = found if is_in_kuwait(*found) else None
        elif position is None and area is None:
            position, source = _place_of_photos(data.get("key", "")), PlaceSource.PHOTO
        elif position is None:
            source = PlaceSource.ADDRESS
        if area is None and shop is not None:
            area, block, street = shop.area, shop.block, street or shop.street
        elif area is None and position is not None:
            area, block = locate(*position)
        if position is None and area is None:
            return None
        latitude, longitude = position or (None, None)
        accuracy = _metres(data.get("accuracy", "")) if source == PlaceSource.DEVICE else None
        return ReportPlace(source, latitude, longitude, accuracy, area, block, street, data.get("place_note", ""), shop, board)

    def sent(self) -> SentReport:
        """The report of a valid form."""
        data = self.cleaned_data
        return SentReport(
            key=data["key"],
            category=data["category"],
            place=data["place"],
            captured_at=_moment(data["opened"]),
            words=data["words"],
            answers=self.answers,
            language="ar" if get_language() == "ar" else "en",
        )


def named(one: ReportCategory) -> str:
    """The name of a category in the active language."""
    return one.name_ar if get_language() == "ar" else one.name_en


def name_of(category: ReportCategory, question: ReportQuestion) -> str:
    """The name of the field of a question."""
    return f"{category.code}-{question.code}"


def at_shop(public_id: str) -> Shop | None:
    """The shop that an address names, if it is registered."""
    return registered.public_shop(public_id) if len(public_id) == BOARD_ID and public_id.isalnum() else None


def at_board(public_id: str) -> Board | None:
    """The licensed board that an address names, with its shop."""
    if len(public_id) != BOARD_ID or not public_id.isalnum():
        return None
    rows = Board.objects.filter(public_id=public_id, first_day__isnull=False)
    return rows.select_related("request__document", "request__shop__area__governorate").first()


def _question_field(question: ReportQuestion) -> forms.ChoiceField:
    is_arabic = get_language() == "ar"
    choices: list[tuple[str, Any]] = [(one["code"], one["ar" if is_arabic else "en"]) for one in question.options]
    return forms.ChoiceField(
        label=question.text_ar if is_arabic else question.text_en,
        choices=choices or [("yes", _("Yes")), ("no", _("No"))],
        required=False,
        widget=forms.RadioSelect,
    )


def _place_of_photos(key: str) -> tuple[float, float] | None:
    """Latitude and longitude of the first photo that says where it was taken, also of a report that is sent again."""
    places = [(row.latitude, row.longitude) for row in photos.held(key)]
    places += [(row.latitude, row.longitude) for row in photos.of_key(key)]
    return next(((north, east) for north, east in places if north is not None and east is not None and is_in_kuwait(north, east)), None)


def _metres(text: str) -> int | None:
    """Whole metres that a device sent, or None for anything else."""
    whole = digits.clean(text).partition(".")[0]
    return int(whole) if re.fullmatch("[0-9]{1,6}", whole) else None


def _moment(text: str) -> dt.datetime:
    """When the page was opened; now for a time that cannot be read or is in the future."""
    now = clock.now()
    try:
        found = dt.datetime.fromisoformat(text)
        return min(found.astimezone(dt.UTC), now) if found.tzinfo is not None else now
    except (ValueError, OverflowError):
        return now
