"""An address as people write it in Kuwait, read into its parts; without a statement but that of the areas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from municipality.kernel import arabic, digits
from municipality.places.models import Area
from municipality.places.names import ARTICLES, find_areas, key_of
from zoning.plots.numbers import normal_number

MOST_PIECES = 30
BLOCK, STREET, PLOT, BUILDING, OTHER = "block", "street", "plot", "building", "other"
_MARKERS = {
    BLOCK: "قطعه قطعة ق قطع بلوك block blk blok bl b qitaa qitah qita",
    STREET: "شارع ش طريق street st str s road rd share sharea",
    PLOT: "قسيمه قس قسائم plot plt parcel p lot qasima qaseema",
    BUILDING: "مبني بنايه منزل بيت م عماره فيلا برج مجمع house home villa building bldg bld h tower",
    OTHER: "جاده جاد ج لين دور الدور طابق شقه مكتب محل وحده jada jadda avenue ave lane floor flat apartment apt unit office shop f",
}
_MARKER = {arabic.fold(word): kind for kind, words in _MARKERS.items() for word in words.split()}
_FILLERS = "رقم الرقم الي الالي نمره no num number nr رمز في من و and of the in kuwait الكويت كويت دوله state address عنوان paci"
_FILLED = frozenset(_FILLERS.split())
_GOVERNORATE = frozenset({"محافظه", "governorate"})
_PIECE = re.compile(r"[0-9]+(?:st|nd|rd|th)(?![^\W\d_])|[0-9]+(?:[/-][0-9]+)*(?:[^\W\d_](?![^\W\d_]))?|[^\W\d_]+")
_ORDINAL = re.compile("(?<=[0-9])(?:st|nd|rd|th)$")
_SUFFIXES = frozenset("ابجدهabcdefgh")
_APOSTROPHES = re.compile("['’‘`´ʼʿʾء]")
_PACI = re.compile("[0-9]{8}")


@dataclass(frozen=True)
class AddressText:
    """What was read: numbers as `normal_number` returns them, a street also as words.

    `number` is that of the plot; with `is_bare` nothing said so, and it may be that of a building. `unread` are words without a meaning.
    """

    paci_number: str = ""
    areas: tuple[Area, ...] = ()
    block: str = ""
    street: str = ""
    number: str = ""
    building: str = ""
    is_bare: bool = False
    unread: tuple[str, ...] = ()


def pieces_of(text: str) -> list[str]:
    """The words and numbers of a text, folded: `ق4` are two, `44B`, `44 ب` and `12/3` are one, `12th` is `12`."""
    folded = digits.clean(arabic.fold(digits.clean(text)))
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(letter))
    found = [_ORDINAL.sub("", piece) for piece in _PIECE.findall(_APOSTROPHES.sub("", plain))][:MOST_PIECES]
    joined: list[str] = []
    for position, piece in enumerate(found):
        following = found[position + 1 : position + 2]
        if joined and joined[-1].isdigit() and piece in _SUFFIXES and not (following and following[0][0].isdigit()):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _kind(piece: str) -> str:
    return _MARKER.get(piece) or _MARKER.get(arabic.bare(piece), "")


def _is_number(piece: str) -> bool:
    return piece[0].isdigit()


class _Reader:
    """The pieces of one text, and which of them are used."""

    def __init__(self, text: str) -> None:
        self.pieces = [piece for piece in pieces_of(text) if piece not in _FILLED]
        self.used: set[int] = set()
        self.values: dict[str, str] = {}

    def is_word(self, position: int) -> bool:
        """Whether a piece is a word of a name that nothing has used."""
        if not 0 <= position < len(self.pieces) or position in self.used:
            return False
        return not _is_number(self.pieces[position]) and not _kind(self.pieces[position])

    def run(self, position: int, step: int = 1) -> list[int]:
        """The positions of the words from one on, in either direction."""
        found: list[int] = []
        while self.is_word(position):
            found.append(position)
            position += step
        return found[::step]

    def skip_governorate(self) -> None:
        """`محافظة حولي` and `Hawalli governorate` name no area where another one is named."""
        for position, piece in enumerate(self.pieces):
            if piece in _GOVERNORATE:
                step = 1 if arabic.is_arabic(piece) else -1
                words = self.run(position + step, step)
                length = 2 if "".join(self.pieces[one] for one in words).find("مبارك") >= 0 else 1
                rest = set(words[:length] if step > 0 else words[-length:])
                self.used |= {position}
                if any(self.is_word(one) for one in range(len(self.pieces)) if one not in rest):
                    self.used |= rest

    def areas(self) -> tuple[Area, ...]:
        """The areas that are named, not those of the names of streets."""
        words = {position for position in range(len(self.pieces)) if self.is_word(position)}
        streets: set[int] = set()
        for position, piece in enumerate(self.pieces):
            if _kind(piece) == STREET:
                before, after = self.run(position - 1, -1), self.run(position + 1)
                is_numbered = position + 1 < len(self.pieces) and _is_number(self.pieces[position + 1])
                if arabic.is_arabic(piece) or not (before and after):  # between two names, either is that of the street
                    streets |= set(after[:1]) or set([] if is_numbered else before[-1:])
        match = find_areas(self.pieces, words - streets)
        if match is None:
            return ()
        self.used |= match.positions
        return match.areas

    def mark(self, kind: str, positions: list[int]) -> None:
        if kind == BLOCK and BLOCK in self.values:  # ق 1 ش 5 ق 12: the second letter is that of the plot
            kind = PLOT
        self.values.setdefault(kind, " ".join(self.pieces[one] for one in positions))
        self.used |= set(positions)

    def markers(self) -> Iterator[tuple[int, str]]:
        for position, piece in enumerate(self.pieces):
            if (kind := _kind(piece)) and position not in self.used:
                self.used.add(position)
                yield position, kind

    def read_marked(self) -> None:
        """The values beside words such as block and street: after them, else before them."""
        for position, kind in self.markers():
            after = self.run(position + 1)
            is_numbered = position + 1 < len(self.pieces) and _is_number(self.pieces[position + 1])
            before = self.run(position - 1, -1)
            if kind == STREET and before and not after:
                self.mark(kind, before)  # Salem Al Mubarak Street
            elif is_numbered:
                self.mark(kind, [position + 1])
            elif after and kind != BLOCK:
                self.mark(kind, after)
            elif position and _is_number(self.pieces[position - 1]) and position - 1 not in self.used:
                self.mark(kind, [position - 1])  # 12th Street

    def bare_numbers(self) -> list[str]:
        numbers = [position for position, piece in enumerate(self.pieces) if _is_number(piece) and position not in self.used]
        self.used |= set(numbers)
        found = [self.pieces[position] for position in numbers]
        if BLOCK not in self.values and len(found) == 1:  # 4/12/30
            found = re.split("[/-]", found[0])
        return found


def read_address(text: str) -> AddressText:
    """The parts of an address. Bare numbers are block and plot, or block, street and plot; eight digits are a PACI number."""
    reader = _Reader(text)
    for piece in reader.pieces:
        if _PACI.fullmatch(piece):
            return AddressText(paci_number=piece)
    reader.skip_governorate()
    areas = reader.areas()
    reader.read_marked()
    values, bare = reader.values, reader.bare_numbers()
    unread = [piece for position, piece in enumerate(reader.pieces) if position not in reader.used and piece not in ARTICLES]
    if bare and BLOCK not in values:
        values[BLOCK] = bare.pop(0)
    if len(bare) > 1 and STREET not in values:
        values[STREET] = bare.pop(0)
    is_bare = bool(bare) and PLOT not in values and BUILDING not in values
    if is_bare:
        values[PLOT] = bare.pop(0)
    return AddressText(
        areas=areas,
        block=normal_number(values.get(BLOCK, "")),
        street=values.get(STREET, ""),
        number=normal_number(values.get(PLOT, "")),
        building=values.get(BUILDING, ""),
        is_bare=is_bare,
        unread=(*unread, *bare),
    )


def street_key(street: str) -> str:
    """A street for comparisons: its number, or its name without the word street."""
    return key_of(piece for piece in pieces_of(street) if piece not in _FILLED and _kind(piece) != STREET)
