"""What the desk is told about a renewal: facts with what changed, files, why a person looks, who has an interest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from licensing.health import changes, queries
from licensing.health.condition_messages import FIELDS
from licensing.health.services import officer
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence, Renewal, RenewalChange
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.timeline import label
from municipality.kernel import request_cache
from municipality.places.models import Area
from municipality.review.registry import Item, Reviewable
from municipality.rulebook.models import Activity
from municipality.ui.dates import day_text
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from shops.commercial_register import queries as commercial_queries
from shops.models import Shop
from shops.register import queries as register

DECLARED = gettext_lazy("declared by the applicant")
REGISTER = gettext_lazy("commercial register")


@dataclass(frozen=True)
class _Read:
    """What one page asks of a renewal, each read once."""

    renewal: Renewal
    shop: Shop
    declared: list[RenewalChange]
    facts_before: dict[str, str]


def _read(case: Case) -> _Read:
    return request_cache.get_or_set(("licensing.renewal", case.pk), lambda: _read_now(case))


def _read_now(case: Case) -> _Read:
    accepted = (
        Renewal.objects.filter(licence=OuterRef("licence"), accepted_facts__isnull=False).order_by("-pk").values("accepted_facts")[:1]
    )
    # Each further joined table doubles the time in which PostgreSQL plans this: activity and area come from the cached lists.
    rows = Renewal.objects.filter(case=case).select_related("licence__document", "licence__shop__owner", "licence__shop__organisation")
    renewal: Any = rows.annotate(accepted_before=Subquery(accepted)).first()
    if renewal is None:
        raise LookupError(f"case {case.pk} has no renewal")
    register.give_names([renewal.licence.shop])
    before = {**renewal.licence.registered_facts, **(renewal.accepted_before or {})}
    return _Read(renewal, renewal.licence.shop, queries.declared(renewal), before)


def _named(shop: Shop, rows: list[RenewalChange]) -> dict[tuple[str, Any], Any]:
    """The activities and areas that the declared values name, by field and key; those of the shop are there already."""
    found: dict[tuple[str, Any], Any] = {("activity", shop.activity_id): shop.activity, ("area", shop.area_id): shop.area}
    for row, field, model in ((r, f, m) for r in rows for f, m in (("activity", Activity), ("area", Area))):
        keys = {values[field] for values in (row.before, row.after) if field in values}
        missing = [key for key in keys if (field, key) not in found]
        if missing:
            found |= {(field, key): one for key, one in model.objects.in_bulk(missing).items()}
    return found


def items(case: Case) -> list[Item]:
    """The five facts with before and after, what else the register says, and the files by slot. No contact details."""
    read = _read(case)
    renewal, shop = read.renewal, read.shop
    rows = {row.name: row for row in read.declared}
    named = _named(shop, read.declared)
    found = [_fact(shop, name, rows.get(name), named) for name in changes.FACTS]
    found += _registered_since(read)
    number = 0 if get_language() == "ar" else 1
    licensee = shop.licensee
    for name, title, value in (
        ("licensee", _("Licensee"), (licensee.name_ar, licensee.name_en)[number]),
        (
            "commercial_license",
            _("Commercial licence"),
            _("%(number)s, until %(day)s") % {"number": shop.commercial_license_no, "day": day_text(shop.commercial_license_end)},
        ),
        ("present_licence", _("Present licence"), renewal.licence.document.number),
        ("present_until", _("Ends"), day_text(renewal.licence.last_day)),
        (
            "period",
            _("New period"),
            _("%(first)s to %(last)s") % {"first": day_text(renewal.first_day), "last": day_text(renewal.last_day)},
        ),
    ):
        found.append(Item(name, title, value, source=REGISTER, at=_as_of(shop), may_correct=False, mark=changes.mark(str(value))))
    return found + _files(case, list(rows))


def _as_of(shop: Shop) -> dt.datetime:
    return request_cache.get_or_set(("shops.as_of", shop.pk), lambda: commercial_queries.as_of(shop))


def _fact(shop: Shop, name: str, row: Any, named: dict[tuple[str, Any], Any]) -> Item:
    fact = changes.FACTS[name]

    def told(values: Any) -> str:
        field = {"activity": "activity", "address": "area"}.get(name, "")
        one = named.get((field, values.get(field)))
        return fact.told({**values, changes.ROW: one} if one is not None else values)

    if row is None:
        values = fact.read(shop)
        return Item(name, fact.label, told(values), source=REGISTER, at=_as_of(shop), mark=changes.mark(values))
    standing = {"after": row.after, "secret": row.secret.get("civil_id_digest", "")}
    return Item(name, fact.label, told(row.after), before=told(row.before), source=DECLARED, at=row.at, mark=changes.mark(standing))


def _registered_since(read: _Read) -> list[Item]:
    """What the register itself changed since the last licence: nobody declared it, and nobody can correct it here."""
    before, now = read.facts_before, read.renewal.registered_facts
    return [
        Item(
            f"register_{name}",
            FIELDS[name](),
            now[name],
            before=before.get(name) or _("not on record"),
            source=REGISTER,
            may_correct=False,
            mark=changes.mark(now[name]),
        )
        for name in sorted(now)
        if name in FIELDS and before.get(name, now[name]) != now[name]
    ]


def _files(case: Case, names: list[str]) -> list[Item]:
    slots: dict[str, list[Upload]] = {}
    for row in uploads.of(case.key).filter(state=UploadState.READY):
        slots.setdefault(row.slot, []).append(row)
    wanted = changes.required_slots(queries.files_edition(case), names)
    found = []
    for code, slot in changes.SLOTS.items():
        if code not in slots and code not in wanted:
            continue
        rows = slots.get(code, [])
        found.append(
            Item(
                code,
                slot.label,
                source=DECLARED,
                at=rows[-1].created_at if rows else None,
                is_file=True,
                files=rows,
                mark=changes.mark([row.sha256 for row in rows]),
            )
        )
    return found


def flags(case: Case) -> list[str]:
    """Why a person decides, as sentences in the active language."""
    read = _read(case)
    renewal = read.renewal
    number = 0 if get_language() == "ar" else 1
    found = []
    if "in_time" in renewal.flags:
        found.append(_("The licence ended before the renewal was asked for, by more than the time for late renewal."))
    if "unchanged" in renewal.flags:
        found.append(_("The register changed since the last licence."))
    if "no_flag" in renewal.flags:
        blocks = cases.active_blocks(case.subject, RENEWAL)
        found += [(b.sentence_ar, b.sentence_en)[number] for b in blocks] or [_("A flag stood on the shop when the request was sent.")]
    if read.declared:
        found.append(_("The applicant declares changes."))
    return found


def parties(case: Case) -> list[tuple[str, str]]:
    return queries.parties(case, _read(case).renewal)


def related(case: Case) -> list[tuple[Any, str]]:
    """All other renewals and all licences of this shop, newest first."""
    renewal = _read(case).renewal
    others = Case.objects.filter(service=RENEWAL, subject=case.subject).exclude(pk=case.pk).select_related("applicant").order_by("-pk")[:20]
    found: list[tuple[Any, str]] = [(f"{other.reference}: {label(other)[1]}", "") for other in others]
    licences = HealthLicence.objects.filter(shop=renewal.licence.shop_id).select_related("document").order_by("-first_day")
    shown = ("first_day", "last_day", "document__number", "document__code")
    for licence in licences.only(*shown)[:20]:
        text = f"{licence.document.number}: {licence.first_day.isoformat()} – {licence.last_day.isoformat()}"
        found.append((text, reverse("verify", args=[licence.document.code])))
    return found


REVIEWED = Reviewable(
    service=RENEWAL,
    skill="health",
    replies="replies.health",
    checks="checks.health",
    limits="limits.review",
    items=items,
    flags=flags,
    parties=parties,
    related=related,
    accepted=officer.accepted,
    refused=officer.refused,
    has_bill=True,
)
