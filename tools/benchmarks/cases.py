"""A hundred thousand cases of officers, made set by set: a few real ones, walked through the portal's services, are copied in SQL.

The same numbers give the same rows. Only for a database that is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tools.benchmarks.copies import Plan, write

SHARES = {"away": 300, "answered": 60, "countersign": 60, "waiting": 5000}  # of the newest; all older ones left the queue
# Tables whose rows belong to a case: how a row `s` names its case.
TABLES = {
    "cases_case": "s.id",
    "cases_caseevent": "s.subject_id",
    "licensing_renewal": "s.case_id",
    "licensing_renewalchange": "(SELECT r.case_id FROM licensing_renewal r WHERE r.id = s.renewal_id)",
    "review_queueentry": "s.case_id",
    "review_queueentryevent": "(SELECT p.case_id FROM review_queueentry p WHERE p.id = s.subject_id)",
    "review_party": "s.case_id",
    "review_assignment": "(SELECT p.case_id FROM review_queueentry p WHERE p.id = s.place_id)",
    "review_clock": "s.case_id",
    "review_checkanswer": "s.case_id",
    "review_correctionround": "s.case_id",
    "review_correctionitem": "(SELECT r.case_id FROM review_correctionround r WHERE r.id = s.round_id)",
    "review_decision": "s.case_id",
    "uploads_upload": "(SELECT c.id FROM cases_case c WHERE s.subject = 'case:' || c.public_id)",
    "uploads_uploadevent": "(SELECT c.id FROM cases_case c JOIN uploads_upload u ON u.subject = 'case:' || c.public_id "
    "WHERE u.id = s.subject_id)",
}
PUBLIC = "'b' || lpad(w.n::text, 25, '0')"
OFFICERS = dict.fromkeys(("officer_id", "asked_by_id", "made_by_id"), "w.officer_id")
OWN = {
    "cases_case": {
        "public_id": PUBLIC,
        "reference": "'HL-2025-' || lpad(w.n::text, 6, '0') || '-B'",
        "subject": "'shop:' || w.shop_public_id",
        "title_ar": "w.title_ar",
        "title_en": "w.title_en",
        "applicant_id": "w.person_id",
        "branch_id": "w.branch_id",
        "state": "CASE WHEN w.kind = 'left' THEN 'withdrawn' ELSE s.state END",
        "is_open": "w.kind <> 'left'",
        "closed_at": "CASE WHEN w.kind = 'left' THEN w.at + interval '3 days' END",
    },
    "licensing_renewal": {"licence_id": "w.licence_id", "refusal_id": "NULL", "new_licence_id": "NULL"},
    "review_queueentry": {"branch_id": "w.branch_id"},
    "review_party": {"key": "s.role || ':b' || w.n"},
    "uploads_upload": {"public_id": "'b' || lpad(w.n::text, 20, '0') || lpad(m.rank::text, 5, '0')", "subject": f"'case:' || {PUBLIC}"},
}


def templates(officer_of: Callable[[str], Any], supervisor_of: Callable[[str], Any]) -> dict[str, int]:
    """Kind → case: one real case of each kind, walked there by officers of its branch. Raises LookupError where too few wait."""
    from municipality.accounts.models import actor_of
    from municipality.places.models import Branch
    from municipality.review import queries
    from municipality.review.models import QueueEntry
    from municipality.review.services import desk, queue

    found: dict[str, int] = {}
    wanted = ["left", "away", "answered", "countersign"]
    for branch in Branch.objects.order_by("pk"):
        officer = officer_of(branch.pk)
        while wanted and (held := queue.next_case(officer=officer)) is not None:
            kind, case = wanted.pop(0), held.place.case
            found[kind] = case.pk
            for line in queries.checklist(case):
                desk.check_all(assignment=held, answers={line.check.code: "yes" if kind == "left" else "no"})
            if kind in ("away", "answered"):
                target = next(item.name for item in queries.reviewable(case).items(case) if item.is_file and item.may_correct)
                desk.ask_corrections(assignment=held, items=[desk.CorrectionRequest("file_unreadable", target)])
                if kind == "answered":
                    case.refresh_from_db()
                    desk.receive_answer(case=case, actor=actor_of(case.applicant))
                continue
            if kind == "left":
                desk.accept(assignment=held)
                continue
            desk.propose_refusal(assignment=held, code="layout_changed")
    waiting = QueueEntry.objects.filter(state="waiting", skill="health").order_by("-pk").first()  # claims wait in another field
    if wanted or waiting is None:
        raise LookupError(f"too few cases wait in the demo: {wanted}")
    return found | {"waiting": waiting.case_id}


def copy(kinds: dict[str, int], wanted: int) -> int:
    """Copy the cases of `kinds` until there are `wanted` in all. Returns how many rows were written. Raises ValueError for too few."""
    from municipality.cases.models import Case

    many = wanted - Case.objects.count()
    if many < sum(SHARES.values()):
        raise ValueError(f"{wanted} cases are too few: {sum(SHARES.values())} are under study alone")
    return write(Plan(TABLES, OWN, OFFICERS, "s.{column} + w.days"), partial(_work, kinds=kinds, many=many))


def _work(cursor: Any, *, kinds: dict[str, int], many: int) -> None:
    """One line a copy: its number, kind, template, shop, person, officer and how far its times move."""
    bounds, at = [], many
    for kind in reversed(SHARES):
        bounds.append((at - SHARES[kind], kind))
        at -= SHARES[kind]
    of_kind = "CASE " + " ".join(f"WHEN n >= {first} THEN '{kind}'" for first, kind in bounds) + " ELSE 'left' END"
    template = "CASE kind " + " ".join(f"WHEN '{kind}' THEN {case}" for kind, case in kinds.items()) + " END"
    cursor.execute(
        f"""
        CREATE TEMP TABLE bench_copy ON COMMIT DROP AS
        WITH officers AS (
            SELECT u.id, u.branch_id, row_number() OVER (PARTITION BY u.branch_id ORDER BY u.id) - 1 AS place,
                   count(*) OVER (PARTITION BY u.branch_id) AS many
            FROM accounts_user u JOIN review_skill k ON k.officer_id = u.id AND k.ended_at IS NULL WHERE u.login LIKE 'officer%'
        ), people AS (
            SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS many
            FROM accounts_user WHERE NOT is_staff
        ), shops AS (
            SELECT s.id, s.public_id, s.name_ar, s.name_en, s.branch_id, l.id AS licence_id,
                   row_number() OVER (ORDER BY s.id DESC) - 1 AS place
            FROM shops_shop s JOIN licensing_healthlicence l ON l.shop_id = s.id AND l.is_current
            WHERE NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.subject = 'shop:' || s.public_id)
        ), numbered AS (SELECT n, {of_kind} AS kind FROM generate_series(0, {many - 1}) n),
        placed AS (
            -- Cases under study have a shop of their own each; the older ones share the shops, some three a shop.
            SELECT n, kind, {template} AS src,
                   CASE WHEN kind = 'left' THEN n % (SELECT least(40000, count(*)) FROM shops) ELSE {many - 1} - n END AS shop_place,
                   now() - make_interval(
                       mins => (CASE WHEN kind = 'left' THEN 20000 + 8 * ({many} - n) ELSE 2 * ({many} - n) END)::int
                   ) AS at
            FROM numbered
        )
        SELECT p.n, p.kind, p.src, p.at, p.at - c.opened_at AS shift, (p.at::date - c.opened_at::date) AS days,
               s.public_id AS shop_public_id, s.name_ar AS title_ar, s.name_en AS title_en, s.branch_id, s.licence_id,
               (SELECT id FROM people WHERE place = p.n % many) AS person_id,
               (SELECT id FROM officers o WHERE o.branch_id = s.branch_id AND o.place = p.n % o.many) AS officer_id
        FROM placed p JOIN cases_case c ON c.id = p.src JOIN shops s ON s.place = p.shop_place
        """
    )
