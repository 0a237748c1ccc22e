"""A renewal or a change on the officer's desk: facts with their changes, files, flags, parties and related cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from licensing.health import changes, new_places, queries
from licensing.health.condition_messages import FIELDS
from licensing.health.names import FROM_ISSUE
from licensing.health.rules import changed_fields
from licensing.health.services import officer
from licensing.health.states import CHANGE, RENEWAL, TRANSFER
from licensing.health.transfers import queries as transfers
from licensing.models import Act, Renewal, RenewalChange
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock, request_cache
from municipality.places.models import Area
from municipality.review.registry import Item, Reviewable
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Activity
from municipality.ui.dates import day_text
from municipality.ui.templatetags.portal import bilingual, kwd
from municipality.ui.texts import Text
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from shops.claims import queries as claims
from shops.commercial_register import queries as commercial_queries
from shops.models import Shop
from shops.register import queries as register

DECLARED = gettext_lazy("declared by the applicant")
REGISTER = gettext_lazy("commercial register")
OUTLAST = "commercial_license_must_outlast_days"  # the rule about a licence that would end after the commercial one


NamedRows = dict[tuple[str, str | int], Activity | Area]  # by field and primary key


@dataclass(frozen=True)
class _RenewalData:
    """A renewal with its related rows, read once a request."""

    renewal: Renewal
    shop: Shop
    declared: list[RenewalChange]
    facts_before: dict[str, str]
    stated_names: dict[str, str]  # the trade name in the commercial licence, as the Ministry of Commerce delivered it; empty if not
    stated_at: dt.datetime | None


def _renewal_data(case: Case) -> _RenewalData:
    return request_cache.get_or_set(("licensing.renewal", case.pk), lambda: _load(case))


def _load(case: Case) -> _RenewalData:
    accepted = (
        Renewal.objects.filter(licence=OuterRef("licence"), accepted_facts__isnull=False).order_by("-pk").values("accepted_facts")[:1]
    )
    # Each further joined table doubles the time in which PostgreSQL plans this: activity and area come from the cached lists, the holder is
    # the applicant or is read alone, and what the Ministry says is read only where a name is compared with it.
    rows = Renewal.objects.select_related("licence__document", "licence__shop").annotate(accepted_before=Subquery(accepted))
    declared = queries.declared_changes(case)
    if any(row.name == "trade_name" for row in declared):
        stated = commercial_queries.newest_licences(OuterRef("licence__shop__commercial_license_no"))
        rows = rows.annotate(
            stated_facts=Subquery(stated.values("notice__body")[:1]), stated_at=Subquery(stated.values("notice__received_at")[:1])
        )
    try:
        renewal: Any = rows.defer("licence__document__facts", "licence__document__public_facts").get(case=case)
    except Renewal.DoesNotExist:
        raise LookupError(f"case {case.pk} has no renewal") from None
    shop = renewal.licence.shop
    if shop.owner_id == case.applicant_id:
        shop.owner = case.applicant
    register.attach_names([shop])
    before = {**renewal.licence.registered_facts, **(renewal.accepted_before or {})}
    stated_facts = getattr(renewal, "stated_facts", None) or {}
    names = {name: text for name in ("name_ar", "name_en") if isinstance(text := stated_facts.get(name), str)}
    return _RenewalData(renewal, shop, declared, before, names, getattr(renewal, "stated_at", None))


def _named_rows(shop: Shop, rows: list[RenewalChange]) -> NamedRows:
    """The activities and areas that the declared values name, by field and key, without those of the shop read again."""
    result: NamedRows = {("activity", shop.activity_id): shop.activity, ("area", shop.area_id): shop.area}
    for row, field, model in ((r, f, m) for r in rows for f, m in (("activity", Activity), ("area", Area))):
        keys = {values[field] for values in (row.before, row.after) if field in values}
        missing = [key for key in keys if (field, key) not in result]
        areas, activities = register.cached_names() if missing else ({}, {})
        cached: Mapping[Any, Activity | Area] = areas if model is Area else activities
        result |= {(field, key): cached[key] for key in missing if key in cached}
        missing = [key for key in missing if key not in cached]
        if missing:
            result |= {(field, key): instance for key, instance in model.objects.in_bulk(missing).items()}
    return result


def items(case: Case) -> list[Item]:
    """The facts with before and after, further facts of the register, and the files by slot. No contact details."""
    data = _renewal_data(case)
    renewal, shop = data.renewal, data.shop
    rows = {row.name: row for row in data.declared}
    named = _named_rows(shop, data.declared)
    files = _files(case, [*rows, renewal.act])
    compared = _compared(case, data, files)
    own: dict[str, Any] = {"may_correct": renewal.act != Act.TRANSFER}  # the new holder says nothing of the shop of the present one
    result = [replace(_fact(shop, name, rows.get(name), named), **own, **compared.get(name, {})) for name in changes.FACTS]
    if renewal.new_licence_id is None:  # afterwards the register holds what this very decision wrote
        result += _registered_since(data)
    result = _with_place(case, data, result)
    number = 0 if get_language() == "ar" else 1
    licensee = shop.licensee
    for name, title, value in (
        ("licensee", _("Licensee"), (licensee.name_ar, licensee.name_en)[number]),
        (
            "commercial_license",
            _("Commercial licence"),
            _("%(number)s, until %(day)s") % {"number": shop.commercial_license_no, "day": day_text(shop.commercial_license_end)},
        ),
        ("present_licence", _("Current licence"), renewal.licence.document.number),
        ("present_until", _("Ends"), day_text(renewal.licence.last_day)),
        (
            "period",
            _("New period"),
            _("from the day of its issue to %(last)s") % {"last": day_text(renewal.last_day)}
            if renewal.act in FROM_ISSUE
            else _("%(first)s to %(last)s") % {"first": day_text(renewal.first_day), "last": day_text(renewal.last_day)},
        ),
    ):
        mark, is_personal = changes.mark(str(value)), name == "licensee"
        result.append(Item(name, title, value, source=REGISTER, at=_as_of(shop), may_correct=False, mark=mark, is_personal=is_personal))
    follows = claims.following(case, shop) if renewal.act == Act.TRANSFER else []
    return [*(_with_new_holder(case, shop, item) for item in result), *_beyond_commercial(case, shop, renewal), *follows, *files]


def _beyond_commercial(case: Case, shop: Shop, renewal: Renewal) -> list[Item]:
    """For a licence that would end after the commercial one: whether it may, by the rulebook, with its source."""
    if shop.commercial_license_end is None or renewal.last_day <= shop.commercial_license_end:
        return []
    rule = rulebook.edition_of("limits.health", case.editions, clock.today()).limits.get(OUTLAST)
    if rule is None:
        return []
    text = (
        _("The commercial licence has to be valid for %(days)s days more on the day of the request. %(source)s.")
        if rule.value
        else _("It may: the commercial licence has to be valid on the day of the request, and no longer. %(source)s.")
    )
    value = text % {"days": rule.value, "source": bilingual(rule, "article")}
    return [Item(OUTLAST, _("Longer than the commercial licence runs"), value, source=_("rulebook"), may_correct=False)]


def _with_new_holder(case: Case, shop: Shop, item: Item) -> Item:
    """The licensee of a transfer: the one that takes over, before it the present one, and whether the commercial register names the new."""
    transfer = transfers.of_case(case) if item.name == "licensee" else None
    if transfer is None:
        return item
    stated = commercial_queries.stated(shop.commercial_license_no)
    is_named = stated is not None and stated.is_of(transfer.holder)
    found = _("names the new holder, or nobody") if is_named else _("names another holder, or does not know the licence")
    value = bilingual(transfer.holder, "name")
    compare = _("The commercial register about the commercial licence:")
    mark = changes.mark(f"{transfer.public_id}")
    before = item.value if transfers.key_of(shop.licensee) == transfer.holder_key else ""
    return replace(item, value=value, before=before, source=DECLARED, mark=mark, compare=compare, compare_value=found)


def _with_place(case: Case, data: _RenewalData, items: list[Item]) -> list[Item]:
    """The items with what zoning says of a new place, below the address, the last fact of the register that says where it is, or the new
    activity.
    """
    now, declared = data.renewal.registered_facts, {row.name: row.after for row in data.declared}
    place = new_places.new_place(data.shop, declared, changed_fields(data.facts_before, now), now, case=case)
    names = {"address"} if "address" in declared else {"activity", *(f"register_{name}" for name in new_places.PLACE)}
    below = next((item for item in reversed(items) if item.name in names), None)
    if place is None or below is None:
        return items
    shown = replace(below, template="licensing/changes/_place_of_desk.html", found=place)
    return [shown if item is below else item for item in items]


def _compared(case: Case, data: _RenewalData, files: list[Item]) -> dict[str, dict[str, Any]]:
    """What each declared change is compared with: the name in the commercial licence, or the documents that it asks for."""
    edition = queries.files_edition(case)
    result: dict[str, dict[str, Any]] = {}
    for row in data.declared:
        labels = [f"{changes.SLOTS[slot].label}" for slot in changes.required_slots(edition, [row.name])]
        if row.name == "trade_name":
            result[row.name] = _compared_name(data, files)
        elif labels:
            result[row.name] = {"compare": _with_documents(labels)}
    if "trade_name" in result:
        result["trade_name"]["shown_by"] = changes.LICENSE_COPY
    if "area_m2" in result:  # the drawing may show another area, or none
        result["area_m2"] |= {"shown_by": changes.DRAWING, "is_file_unsure": True}
    return result


def _with_documents(labels: list[str]) -> str:
    return _("Compare with this document: %(documents)s") % {"documents": _(", ").join(labels)}


def _compared_name(data: _RenewalData, files: list[Item]) -> dict[str, Any]:
    """The name that the Ministry gives; where it gives none, the copy of the licence, which is asked for while it is missing."""
    names, at = data.stated_names, data.stated_at
    if at is None or not names.get("name_ar"):
        if any(item.name == changes.LICENSE_COPY and item.files for item in files):
            return {"compare": _with_documents([f"{changes.SLOTS[changes.LICENSE_COPY].label}"])}
        text = _("The register holds no name from the Ministry of Commerce and Industry for commercial licence %(number)s.")
        return {"compare": text % {"number": data.shop.commercial_license_no}, "proof": changes.LICENSE_COPY}
    source = _("In the commercial licence, as given by the Ministry of Commerce and Industry on %(day)s:") % {"day": day_text(at)}
    return {"compare": source, "compare_value": changes.FACTS["trade_name"].display({"name_en": "", **names})}


def _as_of(shop: Shop) -> dt.datetime:
    return request_cache.get_or_set(("shops.as_of", shop.pk), lambda: commercial_queries.as_of(shop))


def _fact(shop: Shop, name: str, row: RenewalChange | None, named: NamedRows) -> Item:
    fact = changes.FACTS[name]

    def text(values: dict[str, Any]) -> str:
        field = {"activity": "activity", "address": "area"}.get(name, "")
        named_row = named.get((field, values.get(field, "")))
        return fact.display({**values, changes.ROW: named_row} if named_row is not None else values)

    if row is None:
        values = fact.read(shop)
        value = text(values)
        return Item(name, fact.label, value, source=REGISTER, at=_as_of(shop), mark=changes.mark(values), is_personal=fact.is_personal)
    marked = {"after": row.after, "secret": row.secret.get("civil_id_digest", "")}
    return Item(
        name,
        fact.label,
        text(row.after),
        before=text(row.before),
        source=DECLARED,
        at=row.at,
        mark=changes.mark(marked),
        is_personal=fact.is_personal,
    )


def _registered_since(data: _RenewalData) -> list[Item]:
    """Registered facts that changed since the last licence; they cannot be corrected in the case."""
    before, now = data.facts_before, data.renewal.registered_facts
    return [
        Item(
            f"register_{name}",
            FIELDS[name](),
            now[name],
            before=before.get(name) or _("not on record"),
            source=REGISTER,
            may_correct=False,
            mark=changes.mark(now[name]),
            is_personal=name.startswith("manager_"),
        )
        for name in sorted(now)
        if name in FIELDS and before.get(name, now[name]) != now[name]
    ]


def _files(case: Case, names: list[str]) -> list[Item]:
    slots: dict[str, list[Upload]] = {}
    for row in uploads.ready(case.key).select_related(None):
        slots.setdefault(row.slot, []).append(row)
    wanted = changes.required_slots(queries.files_edition(case), names)
    result = []
    for code, slot in changes.SLOTS.items():
        if code not in slots and code not in wanted:
            continue
        rows = slots.get(code, [])
        result.append(
            Item(
                code,
                slot.label,
                source=DECLARED,
                at=rows[-1].created_at if rows else None,
                is_file=True,
                is_optional=not wanted.get(code),
                files=rows,
                mark=changes.mark([row.sha256 for row in rows]),
            )
        )
    return result


# A request is sent only if all of these are met, except what it is flagged for.
_PASSED = (
    ("", gettext_lazy("shop open in the register")),
    ("", gettext_lazy("commercial licence valid")),
    ("", gettext_lazy("no other request about this licence under way")),
    ("in_time", gettext_lazy("asked for in time")),
    ("unchanged", gettext_lazy("register unchanged")),
    ("no_flag", gettext_lazy("no stop on the shop")),
)
NOTHING_ELSE = gettext_lazy("nothing else in the register changed")  # beside the changes that the applicant declares


def passed(case: Case) -> list[Text]:
    """What was checked automatically and found in order when the request was sent."""
    data = _renewal_data(case)
    own: dict[str, Text] = {"in_time": _late_within(case, data.renewal)}
    if data.declared:
        own["unchanged"] = NOTHING_ELSE
    texts = [(flag, own.get(flag) or text) for flag, text in _PASSED]
    left_out = {*data.renewal.flags} if data.renewal.act == Act.RENEWAL else {*data.renewal.flags, "in_time"}
    return [text for flag, text in texts if flag not in left_out]


def flags(case: Case) -> list[str]:
    """Why an officer decides, as sentences in the active language."""
    data = _renewal_data(case)
    renewal = data.renewal
    language = 0 if get_language() == "ar" else 1
    sentences = []
    if renewal.act == Act.CHANGE:
        sentences.append(_("A change between two renewals: the licence keeps its last day."))
    if renewal.act == Act.TRANSFER:
        sentences.append(_("A transfer to another holder, who has agreed: the licence keeps its last day."))
    if "in_time" in renewal.flags:
        sentences.append(_late(case, renewal))
    if "unchanged" in renewal.flags:
        sentences.append(_("The register changed since the last licence."))
    if "no_flag" in renewal.flags:
        blocks = cases.active_blocks(case.subject, RENEWAL)
        sentences += [(b.sentence_ar, b.sentence_en)[language] for b in blocks] or [_("The shop was flagged when the request was sent.")]
    if data.declared:
        sentences.append(_("The applicant declares changes."))
    return sentences


def _late_within(case: Case, renewal: Renewal) -> str:
    """That a renewal was asked for after its licence ended, but within the days in which no officer is needed; empty if not so late."""
    asked = clock.day_of(case.opened_at)
    days = (asked - renewal.licence.last_day).days
    if days <= 0:
        return ""
    limits = rulebook.edition_of("limits.health", case.editions, asked).limits
    allowed = limits["late_days"].value if "late_days" in limits else 0
    if days > allowed and not renewal.is_late:
        return _("asked for %(late)s after the licence ended; it could not be renewed before, so nothing is added") % {"late": _days(days)}
    facts = {"late": _days(days), "allowed": _days(allowed)}
    return _("asked for %(late)s after the licence ended (up to %(allowed)s, no officer is needed)") % facts


def _late(case: Case, renewal: Renewal) -> str:
    """How late the renewal was asked for, what the rule allows, and what follows for the decision."""
    asked = clock.day_of(case.opened_at)
    limits = rulebook.edition_of("limits.health", case.editions, asked).limits
    days, allowed = (asked - renewal.licence.last_day).days, limits["late_days"].value if "late_days" in limits else 0
    facts = {"day": day_text(renewal.licence.last_day), "late": _days(days), "allowed": _days(allowed)}
    text = _("The licence ended on %(day)s; the renewal was asked for %(late)s later. Up to %(allowed)s late, no officer is needed.")
    sentences = [text % facts]
    surcharge = rulebook.edition_of("fees.health", case.editions, asked).fees.get("late_surcharge")
    if renewal.is_late and surcharge is not None and surcharge.fils:
        fee = (surcharge.label_ar, surcharge.label_en)[0 if get_language() == "ar" else 1]
        text = _("You decide: being late alone does not close the approval; its bill then adds {amount} ({fee}).")
        sentences.append(format_html(text, amount=kwd(surcharge.fils), fee=fee))
    else:
        sentences.append(_("You decide: being late alone does not close the approval."))
    sentences.append(_("A refusal needs one of its listed reasons."))
    return format_html_join(" ", "{}", ((sentence,) for sentence in sentences))


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}


def parties(case: Case) -> list[tuple[str, str]]:
    return queries.parties(case, _renewal_data(case).renewal)


def related(case: Case) -> list[tuple[Any, str]]:
    """The licence that is acted on. The page of the case lists its other cases (`municipality.review.linked`)."""
    licence = _renewal_data(case).renewal.licence
    text = f"{licence.document.number}: {day_text(licence.first_day)} – {day_text(licence.last_day)}"
    return [(text, reverse("verify", args=[licence.document.code]))]


def same_activity(case: Case) -> Q:
    """The renewals and changes of shops with the activity of this one."""
    return Q(pk__in=Renewal.objects.filter(licence__shop__activity=_renewal_data(case).shop.activity_id).values("case"))


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
    is_blind_until_decided=True,
    bill_fils=officer.bill_fils,
    passed=passed,
    same_activity=same_activity,
    evidence={"commercial_license": ("commercial_license", "activity")},
    files_check="files_complete",
)
CHANGE_REVIEWED = replace(REVIEWED, service=CHANGE)
TRANSFER_REVIEWED = replace(REVIEWED, service=TRANSFER)
