"""The pages of violations in each state: for anybody, for a party, on the pavement and in the office."""

from __future__ import annotations

from tests.architecture.page_responses import Visit
from violations.states import ViolationState

# What is merely recorded lives only inside the transaction that warns or writes the violation report.
SEEN = [state for state in ViolationState if state != ViolationState.RECORDED]
START = "/{lang}/violations/"
SERVED, WARNED, OBJECTED = (f"{START}{{s.fines.{name}.public_id}}/" for name in ("served", "warned", "objected"))
NUMBER = {"number": "{s.fines.served.number}", "last_four": "{s.owner.person.last_four}"}
FIELD = "/admin/field/"
JUDGED = "/admin/office/{violation_judged}/"
OFFICE = "/admin/office/{s.fines.%s.public_id}/"
KEY = {"client_key": "0f0e0d0c-0b0a-4908-8706-050403020100", "seen_at": "2026-11-24T08:50:00+00:00", "signed": "absent"}
WRITTEN = KEY | {"shop_no": "{s.fines.shop.commercial_license_no}", "offence": "SHP-02"}


def of_anybody() -> list[Visit]:
    return [
        Visit(START),
        Visit(START, "owner", note="signed in"),
        Visit(START, post={}, note="empty"),
        Visit(START, post={"number": "؟؟؟", "last_four": "12"}, note="wrong shape"),
        Visit(START, post=NUMBER | {"last_four": "0000"}, note="missed"),
        Visit(START, post=NUMBER, note="found"),
        Visit(START, post=NUMBER, before=((START, NUMBER | {"last_four": "0000"}),) * 10, status=429),
        Visit(SERVED),
        Visit(SERVED, before=((START, NUMBER),), note="found"),
        Visit(f"{SERVED}pay-for/", before=((START, NUMBER),), note="found"),
        Visit(f"{SERVED}pay-for/", before=((START, NUMBER),), post={"fils": "1"}, status=409, note="another amount"),
        Visit(f"{START}waivers/"),
        Visit(f"{START}waivers/?before=1", note="past the end"),
    ]


def of_a_party() -> list[Visit]:
    answer = "/{lang}/violations/{violation_asked}/answer/"
    v = [Visit(f"{START}{{violation_{state}}}/", "owner", note=state) for state in SEEN]
    v += [Visit(f"{START}mine/{more}", "owner", note=note) for more, note in (("", ""), ("?before=1", "past the end"))]
    v += [Visit(f"{START}{page}", "newcomer") for page in ("mine/", "clearance/")]
    v += [Visit(page, "owner") for page in (SERVED, WARNED, OBJECTED)]
    v += [Visit(page, "delegate") for page in (SERVED, OBJECTED, f"{START}mine/", f"{SERVED}pay/", f"{SERVED}object/", f"{WARNED}correct/")]
    v += [Visit(f"{SERVED}instalments/", "delegate", status=403, note="the party's alone")]
    v += [Visit(page, "former_delegate", status=403, note="revoked") for page in (SERVED, f"{SERVED}pay/")]
    v += [Visit(f"{SERVED}{way}/", "owner") for way in ("pay", "object", "not-mine", "more-time", "instalments")]
    v += [
        Visit(f"{START}{{s.fines.charged.public_id}}/", "owner", note="no settlement"),
        Visit(f"{START}{{s.fines.referred.public_id}}/", "owner"),
        Visit(f"{START}{{violation_judged}}/pay/", "owner", note="of the court"),
        Visit(f"{START}{{violation_instalments}}/pay/", "owner", note="a part"),
        Visit(f"{SERVED}pay/", "owner", post={}, status=409, note="without the amount"),
        Visit(f"{WARNED}pay/", "owner", post={}, status=409),
        Visit(f"{SERVED}object/", "owner", post={}, note="empty"),
        Visit(f"{SERVED}object/", "owner", post={"ground": "x", "words": "1" * 4100}, note="no ground, too long"),
        Visit(f"{SERVED}object/", "owner", post={"ground": "facts_wrong", "words": "2026"}, note="filed"),
        Visit(f"{SERVED}more-time/", "owner", post={}, note="extended"),
        Visit(f"{SERVED}more-time/", "owner", before=((f"{SERVED}more-time/", {}),), post={}, status=409, note="once only"),
        Visit(f"{SERVED}instalments/", "owner", post={}, note="empty"),
        Visit(f"{SERVED}instalments/", "owner", post={"count": "3"}, note="agreed"),
        Visit(f"{WARNED}correct/", "owner"),
        Visit(f"{OBJECTED}withdraw/", "owner"),
        Visit(f"{OBJECTED}withdraw/", "owner", post={}, note="withdrawn"),
        Visit("/{lang}/cases/{s.fines.objection.case.public_id}/", "owner", note="an objection"),
        Visit(answer, "owner"),
        Visit(answer, "owner", post={}, status=409, note="empty"),
        Visit(answer, "owner", post={"words": "2026"}, note="answered"),
        Visit("/{lang}/cases/{objection_asked}/", "owner", note="more is asked for"),
        Visit(f"{START}{{s.fines.carried.public_id}}/", "owner", note="from paper, not opened"),
        Visit(f"{START}{{s.fines.carried.public_id}}/open/", "owner", post={}, note="from paper"),
        Visit(f"{START}stops-lifted/"),
        Visit(f"{START}clearance/", "owner"),
        Visit(f"{START}clearance/make/", "owner", post={}, status=409, note="something stands"),
        Visit("/{lang}/my-shops/", "owner", note="with violations"),
        Visit("/{lang}/messages/", "owner", note="with violations"),
        Visit("/verify/{s.fines.served.notice.code}", note="a notice"),
    ]
    return v


def of_the_field() -> list[Visit]:
    served, warned, late = (f"{FIELD}{{{name}.public_id}}/" for name in ("s.fines.served", "s.fines.warned", "s.fines.objected"))
    return [
        Visit("/admin/", "inspector"),
        Visit(FIELD, "inspector"),
        Visit(FIELD, "officer", status=403),
        Visit(f"{FIELD}shop/", "inspector"),
        Visit(f"{FIELD}shop/?q=%D9%85%D8%AD%D9%84", "inspector", note="by name"),
        Visit(f"{FIELD}shop/", "inspector", post={"latitude": "29.33", "longitude": "48.02"}, note="near"),
        Visit(f"{FIELD}shop/", "inspector", post={}, status=400, note="no place"),
        Visit(f"{FIELD}shop/{{s.fines.shop.public_id}}/", "inspector"),
        Visit(f"{FIELD}new/?shop={{s.fines.shop.public_id}}", "inspector", note="of a shop"),
        Visit(f"{FIELD}new/?street={{s.fines.shop.public_id}}", "inspector", note="from the street"),
        Visit(f"{FIELD}new/", "inspector"),
        Visit(f"{FIELD}new/", "inspector", post={}, note="empty"),
        Visit(f"{FIELD}new/", "inspector", post=KEY | {"shop_no": "1", "quantity": "x", "months": "x", "civil_id": "1"}, note="wrong"),
        Visit(f"{FIELD}new/", "inspector", post=WRITTEN | {"offence": "CLN-03"}, status=409, note="seen already"),
        Visit(f"{FIELD}new/", "inspector", post=WRITTEN, note="to be confirmed"),
        Visit(f"{FIELD}new/", "inspector", post=WRITTEN | {"back": "1"}, note="back from the check"),
        Visit(f"{FIELD}new/", "inspector", post=WRITTEN | {"confirmed": "x", "without_photos": "1"}, note="something else was confirmed"),
        Visit(f"{FIELD}new/", "inspector", post=WRITTEN | {"confirmed": "x"}, note="no photo"),
        Visit(f"{FIELD}new/", "inspector", post=WRITTEN | {"confirmed": "{report_confirmed}"}, note="recorded"),
        Visit(f"{FIELD}map/", "inspector"),
        Visit(served, "inspector"),
        Visit(warned, "inspector"),
        Visit(f"{FIELD}{{violation_proved}}/", "inspector", note="a proof was sent"),
        Visit(warned, "inspector", post={"step": "report"}, status=409, note="the period runs"),
        Visit(warned, "inspector", post={"step": "refuse", "code": ""}, status=409, note="no reason"),
        Visit(warned, "inspector", post={"step": "accept"}, note="put right"),
        Visit(late, "inspector", note="to defend"),
        Visit(late, "inspector", post={"step": "defend", "words": ""}, status=409, note="no words"),
        Visit(late, "inspector", post={"step": "defend", "words": "2026"}, note="defended"),
    ]


def of_the_office() -> list[Visit]:
    annul, relieve = ({"step": step, "code": code} for step, code in (("ask_annulment", "form_defect"), ("ask_relief", "hardship")))
    ruling = {"step": "judgment", "ruling_no": "7", "ruled_on": "2026-11-23", "amount": "150.000"}
    appeal = {"step": "appeal", "court": "appeal", "ruling_no": "9", "ruled_on": "2026-11-24", "outcome": "upheld"}
    v = [Visit("/admin/", who) for who in ("clerk", "authority", "court")]
    v += [Visit(OFFICE % name, who) for name in ("served", "referred", "waived") for who in ("clerk", "authority", "court")]
    files, lift = "/admin/office/paper/", {"step": "ask_lift", "code": "public_need"}
    v += [
        Visit(files, "clerk"),
        Visit(files, "clerk", post={}, status=409, note="no file"),
        *(Visit(f"{files}{{s.fines.paper.public_id}}/", who, note="carried over") for who in ("clerk", "authority")),
        Visit(f"{files}{{paper_reading}}/", "authority", note="being read"),
        Visit(f"{files}{{paper_reading}}/", "authority", post={"step": "release"}, status=409, note="not read yet"),
        Visit("/admin/office/{violation_stopped}/", "clerk", note="it stops a service"),
        Visit("/admin/office/{violation_stopped}/", "clerk", post=lift | {"until": "x"}, status=409, note="no last day"),
    ]
    v += [
        *(Visit("/admin/office/unserved/", who) for who in ("clerk", "authority", "auditor")),
        Visit(OFFICE % "charged", "clerk", post={"step": "look", "served_on": "x"}, status=409, note="no day of service"),
        Visit("/admin/office/referrals/", "court"),
        Visit("/admin/office/referrals/{s.fines.batch.public_id}/", "court"),
        Visit("/admin/office/referrals/", "court", post={}, status=409, note="nothing is due"),
        Visit(OFFICE % "served", "clerk", post=annul, note="asked"),
        Visit(OFFICE % "served", "clerk", post=annul | {"code": ""}, status=409, note="no reason"),
        Visit(OFFICE % "served", "clerk", post=relieve | {"percent": "x"}, status=409, note="no percentage"),
        Visit(OFFICE % "served", "clerk", post=relieve | {"percent": "50"}, note="asked"),
        Visit("/admin/office/{violation_pending}/", "authority", note="to allow"),
        Visit(OFFICE % "referred", "court", post=ruling | {"amount": "x"}, status=409, note="no amount"),
        Visit(OFFICE % "referred", "court", post=ruling, note="entered"),
        Visit(JUDGED, "court", note="may be appealed"),
        Visit(JUDGED, "court", post=appeal | {"ruling_no": ""}, status=409, note="no number of the ruling"),
        Visit(JUDGED, "court", post=appeal, note="ruling on appeal"),
        Visit("/admin/violations/violation/", "clerk"),
        Visit("/admin/violations/violation/?q=WRN-2026-000001-X", "authority", note="searched"),
        Visit("/admin/violations/violation/{s.fines.served.pk}/change/", "clerk"),
        Visit("/admin/violations/referralbatch/", "court"),
    ]
    return v


def of_supervision() -> list[Visit]:
    chart, figures = "/admin/office/map/", "/admin/office/figures/"
    v = [Visit("/admin/office/undefended/", who) for who in ("supervisor", "authority", "auditor")]
    v += [Visit(chart, who) for who in ("supervisor", "auditor", "clerk", "authority", "court")]
    v += [Visit("/admin/", "supervisor", note="with minutes"), Visit("/admin/", "auditor", note="with minutes")]
    v += [Visit(f"{chart}?{more}", "auditor", note=more) for more in ("singly=1", "state=open", "figure=recorded", "singly=1&before=1")]
    v += [Visit(f"{chart}?first=2020-01-01&last=2020-02-01", "auditor", note="nothing")]
    v += [Visit(f"{chart}?{bad}", "auditor", status=400, note=bad) for bad in ("first=x", "area=x", "first=2026-02-01&last=2026-01-01")]
    v += [Visit(f"{figures}?by={by}", "authority") for by in ("team", "offence", "area")]
    v += [
        Visit(figures, "supervisor"),
        Visit(f"{figures}?by=x", "auditor", status=400),
        Visit(f"{figures}?first=2020-01-01", "auditor", status=400, note="too long"),
        Visit(f"{figures}?first=2020-01-01&last=2020-02-01", "auditor", note="nothing"),
    ]
    return v


VIOLATIONS = [*of_anybody(), *of_a_party(), *of_the_field(), *of_the_office(), *of_supervision()]
