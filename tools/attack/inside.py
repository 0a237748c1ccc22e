"""The hand inside the attacked portal: who there is, whose each object is, the planted marks, and sessions.

`python -m tools.attack.inside` reads one JSON order a line and answers with one line, under the portal's own settings.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

# Rows of these say nothing of whose they are, or are nobody's.
PUBLIC = {"shops.Shop", "accounts.User", "accounts.Organisation"}
KEY = re.compile(r"(person|organisation|shop|case|bill|violation|claim):([A-Za-z0-9_-]+)$")
STAFF_ROLES_AT_MOST = 2  # identities of one role


def mark(public_id: str) -> str:
    """The text planted in the names of one person: nothing else of the portal holds it."""
    return f"Qx{public_id[-10:]}Zk"


def plant(users: Iterable[Any]) -> None:
    """Put each person's mark behind their names in both languages."""
    for user in users:
        own = mark(user.public_id)
        type(user).objects.filter(pk=user.pk).update(name_ar=f"{user.name_ar} {own}", name_en=f"{user.name_en} {own}")


def chosen(people: int) -> list[Any]:
    """So many people, those with most of their own first, and at most two members of staff of each role."""
    from municipality.accounts.models import User
    from municipality.cases.models import Case
    from municipality.notifications.models import Message

    def weight(user: Any) -> tuple[int, int]:
        has = Case.objects.filter(applicant=user).count() + Message.objects.filter(person=user).count()
        return -min(has, 20), user.pk

    found = sorted(User.objects.filter(is_staff=False), key=weight)
    half = people - people // 3
    taken = [*found[:half], *found[half :: max(1, len(found[half:]) // max(1, people // 3))]][:people]
    by_role: dict[str, list[Any]] = defaultdict(list)
    for user in User.objects.filter(is_staff=True, is_active=True).order_by("pk"):
        by_role[role_of(user)].append(user)
    return [*taken, *(user for role in sorted(by_role) for user in by_role[role][:STAFF_ROLES_AT_MOST])]


def role_of(user: Any) -> str:
    """`person`, or the group of a member of staff."""
    return ",".join(sorted(user.groups.values_list("name", flat=True))) or "staff" if user.is_staff else "person"


def identities(users: Iterable[Any]) -> list[dict[str, Any]]:
    """What the runner knows of each: name in reports, role, key, mark."""
    return [
        {
            "name": f"{role_of(user)}-{user.pk}",
            "role": role_of(user),
            "pk": user.pk,
            "is_staff": user.is_staff,
            "mark": mark(user.public_id),
        }
        for user in users
    ]


def session(user_id: int) -> str:
    """The key of a new session, of staff with a second factor."""
    from municipality.accounts.models import User
    from tests.browsers import signed_in

    return str(signed_in(User.objects.get(pk=user_id)).session.session_key)


def kin() -> list[tuple[int, int]]:
    """Pairs of people who may see something of each other: delegation, organisation, a claim on a shop of the other, a transfer."""
    from licensing.models import LicenceTransfer
    from municipality.accounts.models import Signatory, User
    from municipality.delegation.models import Consent, Delegation
    from shops.models import Claim

    pairs: set[tuple[int, int]] = set()
    members: dict[int, set[int]] = defaultdict(set)
    for row in Signatory.objects.all():
        members[row.organisation_id].add(row.person_id)
    for given in Delegation.objects.all():
        if given.delegate_id and given.giver_id:
            pairs.add((given.giver_id, given.delegate_id))
        if given.organisation_id and given.delegate_id:
            members[given.organisation_id].add(given.delegate_id)
    pairs |= {(row.person_id, row.staff_id) for row in Consent.objects.all() if row.staff_id and row.person_id}
    known = _People()
    for transfer in LicenceTransfer.objects.select_related("shop"):
        asked = User.objects.filter(civil_id_digest=transfer.to_digest, is_staff=False).values_list("pk", flat=True)
        pairs |= set(combinations(sorted(known.of(transfer) | set(asked)), 2))
    for claim in Claim.objects.select_related("case"):
        about = (
            {claim.case.applicant_id, claim.holder_id} | members[claim.holder_organisation_id or 0] | members[claim.organisation_id or 0]
        )
        pairs |= set(combinations(sorted(pk for pk in about if pk), 2))
    for people in members.values():
        pairs |= set(combinations(sorted(people), 2))
    return sorted(pairs)


def owners() -> dict[str, dict[str, list[int]]]:
    """`objects`: who stands in the row of each public id, token and number; `shops`: who holds each shop."""
    from django.apps import apps

    from payments.models import Receipt
    from shops.models import Shop

    known = _People()
    held = {shop.public_id: sorted(known.of(shop)) for shop in Shop.objects.exclude(owner=None, organisation=None)}
    objects: dict[str, list[int]] = {}
    for model in apps.get_models():
        names = {field.name for field in model._meta.fields}
        column = next((name for name in ("public_id", "token") if name in names), None)
        if column is None or model._meta.label in PUBLIC or model._meta.app_label in {"demo", "socialaccount"}:
            continue
        for row in model._default_manager.all():
            people = known.of(row)
            if people:
                objects[str(getattr(row, column))] = sorted(people)
    for receipt in Receipt.objects.select_related("bill"):
        objects[receipt.number] = sorted(known.of(receipt.bill))
    from municipality.documents.models import Document

    for document in Document.objects.all():
        if people := known.by_key(document.holder_key) | known.by_key(document.subject):
            objects[document.number] = sorted(people)
    return {"objects": {key: value for key, value in objects.items() if value}, "shops": held}


class _People:
    """Who is named by a row or a key: by what stands in it, without any of the portal's own questions about access."""

    def __init__(self) -> None:
        from municipality.accounts.models import Organisation, Signatory, User
        from municipality.delegation.models import Delegation

        self.persons = {f"person:{user.public_id}": user.pk for user in User.objects.filter(is_staff=False)}
        self.members: dict[int, set[int]] = defaultdict(set)
        for row in Signatory.objects.all():
            self.members[row.organisation_id].add(row.person_id)
        for given in Delegation.objects.exclude(organisation=None).exclude(delegate=None):
            self.members[given.organisation_id or 0].add(given.delegate_id or 0)
        self.organisations = {f"organisation:{row.public_id}": row.pk for row in Organisation.objects.all()}
        self.rows: dict[str, Any] = {}
        self.asked: set[str] = set()

    def of(self, row: Any) -> set[int]:
        people: set[int] = set()
        for value in self._values(row):
            people |= self.by_key(value)
        for field in row._meta.fields:
            if field.is_relation and (pk := getattr(row, field.attname)):
                label = field.related_model._meta.label
                if label == "accounts.User" and pk in self.persons.values():
                    people.add(pk)
                elif label == "accounts.Organisation":
                    people |= self.members[pk]
        return people

    @staticmethod
    def _values(row: Any) -> Iterator[str]:
        for field in row._meta.fields:
            value = getattr(row, field.attname)
            if isinstance(value, str) and KEY.match(value):
                yield value

    def by_key(self, key: str) -> set[int]:
        if key in self.persons:
            return {self.persons[key]}
        if key in self.organisations:
            return set(self.members[self.organisations[key]])
        if not KEY.match(key or "") or key in self.asked:
            return set()
        self.asked.add(key)
        try:
            row = self._row(*key.split(":", 1))
            return self.of(row) if row is not None else set()
        finally:
            self.asked.discard(key)

    @staticmethod
    def _row(kind: str, public_id: str) -> Any:
        from django.apps import apps

        label = {"shop": "shops.Shop", "case": "cases.Case", "bill": "payments.Bill", "violation": "violations.Violation"}.get(kind)
        return apps.get_model(label)._default_manager.filter(public_id=public_id).first() if label else None


def answer(order: dict[str, Any]) -> Any:
    """One order: `begin` chooses and marks people, `facts` says whose everything is, `session` opens a session."""
    from municipality.accounts.models import User

    if order["do"] == "begin":
        users = chosen(order["people"])
        plant(User.objects.filter(is_staff=False))
        plant(user for user in users if user.is_staff)
        return identities(User.objects.get(pk=user.pk) for user in users)
    if order["do"] == "facts":
        marks = {mark(user.public_id): user.pk for user in User.objects.filter(is_staff=False)}
        return {**owners(), "kin": kin(), "marks": marks}
    if order["do"] == "session":
        return session(order["user"])
    raise ValueError(order["do"])


def main() -> None:
    import django

    django.setup()
    for line in sys.stdin:
        try:
            told = {"answer": answer(json.loads(line))}
        except Exception as error:  # noqa: BLE001  # whatever it is, the runner says it
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
