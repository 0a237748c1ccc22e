"""The licence of boards as a sealed letter: shop, holder, amounts, and each board with its number, kind, size, place and days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import Board, BoardConsent, BoardRequest, ConsentRole
from licensing.signage import queries
from licensing.signage.consents import queries as consents
from licensing.signage.consents.labels import PRINTED
from licensing.signage.labels import STANDING, kind_of, size_of
from licensing.signage.life.queries import end_of
from municipality.documents.facts import EditionLabel, LetterDate, LetterFacts, LetterPicture, LetterRow, LetterSection, day
from municipality.documents.models import Document
from municipality.kernel import clock, money
from municipality.review import queries as review
from municipality.ui.templatetags.portal import day as shown_day
from municipality.ui.templatetags.portal import ref
from municipality.ui.texts import Text, both
from shops.register.addresses import address_texts

ONE_PAGE = 4  # boards, pictures and signatures that fit on one page in type of 8 points; a request may have many more
SUBJECTS = {
    "fees.boards": ("رسوم الإعلانات", "Fees of boards"),
    "limits.board_renewals": ("مدد تجديد الإعلانات", "Periods of renewals of boards"),
    "limits.boards": ("مدد الإعلانات", "Periods of boards"),
    "files.boards": ("المستندات", "Files"),
    "replies.boards": ("نصوص الردود", "Replies"),
    "checks.boards": ("قائمة التدقيق", "Checklist"),
    "rules.boards": ("قواعد الإعلانات", "Rules of boards"),
    "calendar": ("التقويم", "Calendar"),
}


@dataclass(frozen=True, kw_only=True)
class BoardLicenceFacts(LetterFacts):
    kind, name, reason = "licensing.boards", gettext_lazy("Licence for boards"), "Licence for boards"
    title, english_title = "ترخيص إعلان", "Licence for boards"
    smallest = "doc-close"

    @staticmethod
    def live_state(document: Document) -> str:
        """As `queries.licence_state` of its boards."""
        return queries.licence_state(document, _boards_of(document))

    @staticmethod
    def public_notes(document: Document) -> list[Text]:
        """The boards of a licence that have ended or not begun, each with how and from when, or that are suspended with their shop.

        First that none is licensed, where the last day on the paper is still to come.
        """
        boards = _boards_of(document)
        notes = [note for board in boards if (note := _note(board))]
        has_lapsed = document.live_state == "valid" and queries.licence_state(document, boards) == "expired"
        return [_("No board of this licence is licensed any more."), *notes] if has_lapsed else notes

    @property
    def is_one_page(self) -> bool:
        return self._boards_and_signatures + len(self.pictures) <= ONE_PAGE

    @property
    def density(self) -> str:
        """The largest type in which words of usual length fit."""
        if self.pictures or self._boards_and_signatures == ONE_PAGE:
            return "doc-close"
        return "doc-small" if self._boards_and_signatures > 1 else "doc-compact"

    @property
    def _boards_and_signatures(self) -> int:
        signed = {label for label, _english in PRINTED.values()}
        return len(self.sections[0].lines_ar) + sum(row.label_ar in signed for row in self.rows)


def _boards_of(document: Document) -> list[Board]:
    rows = Board.objects.filter(request__document=document).select_related("end", "request__document__last_event")
    return list(rows.order_by("line"))


def _note(board: Board) -> Text:
    state, end = queries.standing(board), end_of(board)
    if end is not None:
        return format_html("{} {}: {}. {} {}", _("Board"), ref(board.number), STANDING[state][1], _("Ended from"), shown_day(end.day))
    if state == "suspended_with_shop":
        return format_html("{} {}: {}", _("Board"), ref(board.number), STANDING[state][1])
    if board.request.document is None or board.request.document.live_state != "valid":
        return ""
    if state == "expired":
        text, on = _("not licensed any more; its last day was"), shown_day(board.last_day)
        return format_html("{} {}: {} {}", _("Board"), ref(board.number), text, on)
    if state == "not_yet":
        text, on = _("not licensed yet; its first day is"), shown_day(board.first_day)
        return format_html("{} {}: {} {}", _("Board"), ref(board.number), text, on)
    return ""


def facts_of(request: BoardRequest, number: str, days: Sequence[tuple[Board, dt.date, dt.date]]) -> BoardLicenceFacts:
    """The facts of a licence with this number; `days` has the first and last day of each board.

    Nobody is named but the holder, and the landlord and the owner of a trademark who signed.
    """
    case, shop = request.case, request.shop
    lines = [_line(board, number, first, last) for board, first, last in days]
    rows = (
        LetterRow("الاسم التجاري", "Trade name", shop.name_ar, shop.name_en, lead=True),
        LetterRow("النشاط", "Activity", shop.activity.name_ar, shop.activity.name_en),
        LetterRow("العنوان", "Address", *address_texts(shop)),
        LetterRow("الترخيص التجاري", "Commercial licence", shop.commercial_license_no),
        LetterRow("صاحب الترخيص", "Holder", case.applicant.name_ar, case.applicant.name_en),
        *(LetterRow("بدلاً من", "In place of", one.previous.number) for one, _first, _last in days if one.months_left and one.previous),
        *(LetterRow(*PRINTED[ConsentRole(one.role)], *_name(one)) for one in consents.of_request(request)),
        LetterRow("الرسوم والتأمين", "Fees, deposit", *_amounts(request)),
        LetterRow("الطلب", "Request", case.reference, case.reference),
    )
    rule = (
        "يُكتب على كل لوحة رقمها وتاريخا بدء ترخيصها وانتهائه. لا يجوز لغير صاحب الترخيص استعماله.",
        "Each board carries its number and the first and last day of its licence. Nobody but the holder may use the licence.",
    )
    return BoardLicenceFacts(
        title_ar=BoardLicenceFacts.title,
        title_en=BoardLicenceFacts.english_title,
        number_label_ar="رقم الترخيص",
        number_label_en="Licence number",
        branch_ar=case.branch.name_ar,
        branch_en=case.branch.name_en,
        days=(
            LetterDate("من", "From", min(first for _board, first, _last in days)),
            LetterDate("آخر يوم", "Last day", max(last for _board, _first, last in days)),
        ),
        rows=rows,
        sections=(
            LetterSection("اللوحات", "Boards", tuple(ar for ar, _en in lines), tuple(en for _ar, en in lines)),
            LetterSection("على اللوحة", "On the board", rule[:1], rule[1:]),
        ),
        pictures=tuple(_picture(board, number) for board, _first, _last in days if getattr(board, "drawing", None) is not None),
        editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in review.stamps_of(case)),
        issued_at=clock.now(),
    )


def _name(consent: BoardConsent) -> tuple[str, str]:
    """The signer's name in Arabic and in English."""
    if consent.signer is None:
        raise ValueError("nobody has signed")
    return consent.signer.name_ar, consent.signer.name_en


def _amounts(request: BoardRequest) -> tuple[str, str]:
    """Fees and the deposit that comes back, in Arabic and in English."""
    fees, deposit = money.to_display(request.fee_fils), money.to_display(request.deposit_fils)
    if not request.deposit_fils:
        return f"{fees} د.ك", f"KD {fees}"
    return f"{fees} د.ك، وتأمين يُرد {deposit} د.ك", f"KD {fees}, and KD {deposit} to be returned"


def _picture(board: Board, number: str) -> LetterPicture:
    """The cut of the photo with a board's outline, as the server measured it."""
    text = both(lambda: _("Board %(number)s on the photo") % {"number": f"{number}/{board.line}"})
    return LetterPicture(board.drawing.picture.sha256, *text)


def _line(board: Board, number: str, first: dt.date, last: dt.date) -> tuple[str, str]:
    """One board in Arabic and in English."""
    (kind_ar, kind_en), (size_ar, size_en) = both(lambda: kind_of(board)), both(lambda: strip_tags(size_of(board)))
    own, begins, ends = f"{number}/{board.line}", day(first).gregorian, day(last).gregorian
    return (
        f"{own}: {kind_ar}، {size_ar}. المكان: {board.place}. من {begins.ar} إلى {ends.ar}",
        f"{own}: {kind_en}, {size_en}. Place: {board.place}. From {begins.en} to {ends.en}",
    )
