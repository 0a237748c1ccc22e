"""What a load has made, by names and numbers instead of keys: equal in every database that was loaded alike.

Keys that the portal itself draws at random (those of requests sent through it) are left out; run as a script it prints
the snapshot of the database of the settings as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet


def _rows(rows: QuerySet[Any], *names: str) -> list[list[str]]:
    return sorted([str(value) for value in row] for row in rows.values_list(*names))


def snapshot() -> dict[str, list[list[str]]]:
    """Lists of rows by the name of what they are."""
    from licensing.models import HealthLicence, Renewal
    from municipality.accounts.models import Organisation, Signatory, User
    from municipality.cases.models import Block, Case, CaseEvent
    from municipality.documents.models import Document, DocumentEvent
    from municipality.notifications.models import Delivery
    from municipality.places.models import Area
    from municipality.rulebook.models import RuleSet
    from payments.models import Attempt, Bill, Receipt
    from shops.models import Shop, StatedHours

    facts = []
    for licence in HealthLicence.objects.select_related("document", "previous__document"):
        registered = {name: value for name, value in licence.registered_facts.items() if name != "area"}
        before = licence.previous.document.number if licence.previous else ""
        facts.append(
            [licence.document.number, str(licence.first_day), str(licence.is_current), before, json.dumps(registered, sort_keys=True)]
        )
    carried = Document.objects.filter(file__isnull=True)
    return {
        "areas": _rows(Area.objects.all(), "governorate", "name_ar", "name_en", "folded"),
        "people": _rows(User.objects.all(), "public_id", "name_ar", "civil_id_masked", "phone", "email", "branch", "groups__name"),
        "organisations": _rows(Organisation.objects.all(), "public_id", "name_ar", "name_en", "commercial_register_no"),
        "signatories": _rows(Signatory.objects.all(), "organisation__name_en", "person__name_en", "first_day"),
        "rules": _rows(RuleSet.objects.all(), "subject", "version", "first_day", "last_day", "published_by__login", "published_at"),
        "shops": _rows(
            Shop.objects.all(), "public_id", "name_ar", "name_en", "activity", "owner__name_en", "organisation__public_id", "area__name_ar",
            "branch", "block", "street", "building", "plot", "paci_number", "commercial_license_no", "commercial_license_end", "facts_at",
        ),
        "hours": _rows(StatedHours.objects.all(), "shop__public_id", "week", "ramadan", "stated_at"),
        "papers": _rows(carried, "number", "code", "state", "valid_from", "valid_to", "replaced_by__number", "created_at", "holder_key"),
        "sealed": _rows(Document.objects.filter(file__isnull=False), "number", "state", "valid_from", "valid_to", "holder_key"),
        "document events": _rows(DocumentEvent.objects.all(), "subject__number", "move", "at", "actor_key", "reason"),
        "licences": sorted(facts),
        "cases": _rows(Case.objects.all(), "reference", "state", "opened_at", "closed_at", "applicant__name_en", "snapshot_hash"),
        "case events": _rows(CaseEvent.objects.all(), "subject__reference", "move", "at", "actor_key", "reason"),
        "renewals": _rows(Renewal.objects.all(), "case__reference", "licence__document__number", "new_licence__document__number"),
        "bills": _rows(Bill.objects.all(), "reference", "total_fils", "state", "payer__name_en"),
        "attempts": _rows(Attempt.objects.all(), "trackid", "payment_id", "state", "settled_at"),
        "receipts": _rows(Receipt.objects.all(), "number", "bill__reference", "issued_at", "fils"),
        "deliveries": _rows(Delivery.objects.all(), "message__kind", "message__created_at", "channel", "state", "sent_at", "provider_id"),
        "blocks": _rows(Block.objects.all(), "subject", "ground", "placed_at"),
    }  # fmt: skip


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(snapshot()))
