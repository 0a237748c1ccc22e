"""Queue and desk: an officer with a case in hand, a supervisor with something to sign."""

from __future__ import annotations

from tests.architecture.access_matrix import ACTS
from tests.architecture.page_responses import Visit
from tests.architecture.staff_visits import LINKED

ABOUT_CHANGES = ("name_of_licence", "location_allows", "drawing_matches", "address_matches", "manager_named")
CHECKS = ("commercial_license", "files_complete", *ABOUT_CHANGES)


def visits() -> list[Visit]:
    desk, case = "/admin/desk/", "/admin/desk/{s.studied.public_id}/"
    wrong_days = {"act": "absence", "kind": "leave", "first_day": "x", "last_day": "2026-11-29"}
    days = {"act": "absence", "kind": "leave", "first_day": "2026-11-29", "last_day": "2026-11-30"}
    every_yes = {f"check.{code}": "yes" for code in CHECKS}
    unanswered = {"decision": "{to_sign}", "step": "sign", "answer.is_proven": "no"}
    v = [Visit(f"{desk}{page}/", "supervisor") for page in ("sign", "board", "people", "conflicts")]
    v += [Visit(f"{desk}{page}/", "supervisor", post={}, status=409, note="empty") for page in ("sign", "board", "conflicts")]
    v += [Visit(f"{case}{verb}/", "officer", post={}, status=200 if verb == "approve" else 409, note="empty") for verb in ACTS]
    v += [
        *(Visit("/admin/", who, note=note) for who, note in (("officer", "a case on the desk"), ("supervisor", "something to sign"))),
        Visit(f"{desk}sign/", "supervisor", post=unanswered, status=409, note="a question is open"),
        Visit(f"{desk}sign/", "supervisor", post={"decision": "{to_sign}", "step": "recuse"}, status=409, note="no party is named"),
        Visit(f"{desk}next/", "officer", post={}, note="with a case on the desk"),
        Visit(f"{desk}absence/", "officer"),
        Visit(f"{desk}absence/", "officer", post=wrong_days, note="no day"),
        Visit(f"{desk}absence/", "officer", post=days, note="entered"),
        Visit(f"{desk}people/", "supervisor", post={"act": "give"}, status=409, note="nobody chosen"),
        Visit(f"{desk}people/", "supervisor", post={**wrong_days, "officer": "{s.officer.pk}"}, note="no day"),
        Visit(case, "officer", note="in hand"),
        Visit(case, "supervisor", note="to read"),
        *LINKED,
        Visit(f"{case}checks/", "officer", post=every_yes, note="answered"),
        Visit(f"{case}approve/", "officer", post=every_yes, note="preview"),
        Visit(f"{case}approve/", "officer", post={"check.files_complete": "no"}, status=409, note="an answer says no"),
        Visit(f"{case}corrections/", "officer", post={"ask": ["area_m2.area_differs"]}, note="preview"),
        Visit(f"{case}corrections/", "officer", post={"ask": ["area_m2.area_differs"], "step": "edit"}, note="back from the preview"),
        Visit(f"{case}refuse/", "officer", post={"code": "conditions_not_met"}, note="preview"),
        Visit(f"{case}reveal/", "officer", post={"code": "document"}, note="names shown"),
        Visit(f"{case}give-back/", "officer", post={"code": "leave_begins"}, note="given back"),
        Visit(f"{case}conflict/", "officer", post={"party": "applicant", "kind": "relative"}, note="declared"),
    ]
    return v
