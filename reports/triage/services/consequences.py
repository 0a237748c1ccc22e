"""What a report leads to: an inspection of its shop, or a violation report that began from it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.inspections import services as inspections
from licensing.models import Inspection
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.kernel import clock, subjects
from municipality.kernel.errors import Refused
from reports import queries
from reports.models import Consequence, ConsequenceKind, Report
from reports.states import ReportState
from reports.triage import draws
from reports.triage.services import rows
from violations.models import JudicialWarrant, Violation
from violations.origins import FieldOrigin


@transaction.atomic
def order_inspection(*, report: Report, inspector: User, reason: str) -> Inspection:
    """Order an inspection of the shop of a report; who inspects is drawn, and the owner reads the reason.

    Raises NotPermitted, Refused: not_assigned, no_shop, and as `inspections.order_for_shop`.
    """
    row, actor = rows.of_inspector(report, inspector), actor_of(inspector, "inspector")
    if row.state != ReportState.ASSIGNED:
        raise Refused("not_assigned", _("The report is not with you at this moment."))
    shop = row.shop_now
    if shop is None:
        raise Refused("no_shop", _("The report names no shop, so there is nothing to inspect."))
    made = inspections.order_for_shop(shop=shop, actor=actor, reason=reason)
    _tie(row, inspector, kind=ConsequenceKind.INSPECTION, inspection=made)
    return made


def _tie(row: Report, by: User, **what: Any) -> None:
    Consequence.objects.create(report=row, made_by=by, made_at=clock.now(), **what)
    data = {"kind": str(what["kind"])}
    record("report.consequence", subject=row.subject_key, actor=actor_of(by, "inspector"), data=data)


def begun_from(public_id: str) -> Report | None:
    """The open report that a violation report begins from."""
    row = Report.objects.select_related("shop__area", "shop__merged_into__area", "area").filter(public_id=public_id).first()
    return row if row is not None and row.is_open else None


def _initial(key: str, warrant: JudicialWarrant) -> dict[str, Any]:
    row = begun_from(subjects.parse(key).id)
    if row is None or row.inspector_id != warrant.user_id:
        return {}
    begin: dict[str, Any] = {"offence": next(iter(draws.offences_of(row)), None)}
    if (shop := row.shop_now) is not None:
        return begin | {"shop": shop, "shop_no": shop.commercial_license_no}
    return begin | {"area": row.area_id, "block": row.block, "street": row.street, "place_note": row.place_note}


def _written(key: str, violation: Violation, inspector: User) -> None:
    """Link a violation to the report that it began from, or to the one with which that was joined meanwhile.

    Not where one of the two is about another shop, or is a part about anybody but this one.
    """
    row = Report.objects.select_for_update(of=("self",)).filter(public_id=subjects.parse(key).id, inspector=inspector).first()
    if row is None:
        return
    end = queries.end_of(row)
    if _is_about(row, violation) and _is_about(end, violation):
        _tie(end, inspector, kind=ConsequenceKind.VIOLATION, violation=violation)


def _is_about(row: Report, violation: Violation) -> bool:
    shop, whole = row.shop_now, row.parent.shop_now if row.parent is not None else None
    is_elsewhere = whole is not None and whole.pk == violation.shop_id
    return (shop.pk if shop is not None else None) == violation.shop_id or (shop is None and not is_elsewhere)


def _key_of(violation: Violation) -> str:
    link = Consequence.objects.filter(violation=violation).select_related("report").order_by("pk").first()
    return link.report.subject_key if link is not None else ""


ORIGIN = FieldOrigin(initial=_initial, written=_written, key_of=_key_of)
