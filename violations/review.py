"""What the desk is told about an objection: the facts and the words of both sides, and no name of shop, party or inspector."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock, money, request_cache
from municipality.review.registry import Item, Reviewable
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from violations import queries
from violations.files import SLOTS
from violations.models import Objection
from violations.services import objections
from violations.states import OBJECTION


def _read(case: Case) -> Objection:
    return request_cache.get_or_set(("violations.objection", case.pk), lambda: objections.objection_of(case))


def _named(row: dict[str, str], part: str) -> str:
    return row[f"{part}_ar" if get_language() == "ar" else f"{part}_en"]


def items(case: Case) -> list[Item]:
    """Facts, both sides' words and the files. Nothing here says who or where."""
    objection = _read(case)
    row = objection.violation
    offence = row.offence_facts
    reasons = rulebook.edition(queries.REPLIES, clock.day_of(objection.filed_at)).reasons
    ground = reasons[objection.ground]
    order = queries.order_of(row)
    defence = getattr(objection, "defence", None)
    facts: list[tuple[str, Text, Text, bool]] = [
        ("offence", _("Violation"), _named(offence, "name"), False),
        ("article", _("Article"), _named(offence, "article"), False),
        ("seen", _("Seen on"), clock.day_of(row.seen_at).isoformat(), False),
        (
            "measure",
            _("Measure (hundredths, months, repetitions)"),
            f"{row.quantity_hundredths} / {row.months} / {row.repeat_count}",
            False,
        ),
        ("note", _("What the violation report says"), row.note_ar or "—", False),
        ("amount", _("Settlement"), money.to_display(order.fils) if order is not None else _("none"), False),
        ("ground", _("Ground of the objection"), ground.label_ar if get_language() == "ar" else ground.label_en, False),
        ("words", _("Words of the objection"), objection.words, True),
        ("defence", _("Defence of the violation report"), defence.words if defence is not None else _("none yet"), False),
    ]
    facts += [(f"answer_{row.round}", _("Answer"), row.words, False) for row in objection.additions.order_by("round") if row.words]
    found = [Item(name, label, value, may_correct=may, mark=str(value)) for name, label, value, may in facts]
    held: dict[str, list[Upload]] = {}
    for upload in uploads.of(row.key).filter(state=UploadState.READY):
        held.setdefault(upload.slot, []).append(upload)
    for code, slot in SLOTS.items():
        if code in held or code == "objection":
            rows = held.get(code, [])
            mark = ",".join(upload.sha256 for upload in rows)
            found.append(Item(code, slot.label, is_file=True, files=rows, may_correct=code == "objection", mark=mark))
    return found


def flags(case: Case) -> list[str]:
    """Why a person decides; an undefended minute is proposed for annulment."""
    objection = _read(case)
    found = [_("The party objects.")]
    if objection.violation.is_paper:
        found.append(_("Carried over from paper: what the branch holds of it comes with its defence, if it sends one."))
    if objection.is_undefended:
        found.append(_("Undefended: whoever wrote the violation report added nothing in time. Annulment is proposed."))
    return found


def parties(case: Case) -> list[tuple[str, str]]:
    """Who has an interest: the party, the shop, its licensee and the writer of the minute, so that ties are respected."""
    row = _read(case).violation
    found = [("applicant", case.applicant.key), *cases.acting_roles(case)]
    if row.inspector is not None:
        found.append(("inspector", row.inspector.user.key))
    if row.party is not None and row.party.key != case.applicant.key:
        found.append(("party", row.party.key))
    if row.shop is not None:
        found.append(("shop", row.shop.key))
        if row.shop.owner is not None and row.shop.owner.key != case.applicant.key:
            found.append(("licensee", row.shop.owner.key))
    return list({key: (role, key) for role, key in found}.values())


def related(case: Case) -> list[tuple[str, str]]:
    """Nothing: other cases of the shop would name it."""
    return []


REVIEWED = Reviewable(
    service=OBJECTION,
    skill=objections.SKILL,
    replies=queries.REPLIES,
    checks="checks.violations",
    limits="limits.review",
    items=items,
    flags=flags,
    parties=parties,
    related=related,
    accepted=objections.upheld,
    refused=objections.refused,
    is_blind=True,
)
