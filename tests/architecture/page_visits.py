"""Every page of the portal in every state that it can show."""

from __future__ import annotations

from municipality.documents.states import DocumentState
from municipality.kernel.workflow import WORKFLOWS
from payments.providers.knet.errors import CODES
from payments.states import AttemptState, BillState, RefundState
from tests.architecture import (
    board_data,
    desk_visits,
    holder_data,
    incidents_matrix,
    inspection_data,
    messages_matrix,
    new_licence_data,
    open_data_visits,
    opinion_data,
    plot_files_data,
    report_data,
    shop_page_data,
    zoning_data,
)
from tests.architecture.access_matrix import ROWS
from tests.architecture.commercial_register_visits import COMMERCIAL
from tests.architecture.licensing_visits import ACTS, APPEALS, BOARD_COSTS, MANY_AND_WORKERS
from tests.architecture.page_responses import PASSWORD, Visit
from tests.architecture.register_office_visits import REGISTER
from tests.architecture.violation_visits import VIOLATIONS

ONE_CODE_OF_EACH_KIND = sorted({kind: number for number, kind in CODES.items()}.values())
# A draft lives only inside the transaction that submits it.
CASE_STATES = sorted({target for move, _source, target in WORKFLOWS["licensing.renewal"].edges() if move})
DUE = "/{lang}/pay/{s.owner.due.public_id}/"
RENEW = "/{lang}/health-licence/{s.owner.shop.public_id}/renew/"
CHANGES = "/{lang}/health-licence/{s.owner.shop.public_id}/changes/"
DOOR, PAID = "/{lang}/sign-in/", "/pay/r/{s.owner.attempt.token}"
PUSH = {"channel": "push", "civil_id": "290010100011"}
EMPTY_EDITION = {
    f"{rows}-{count}_FORMS": number
    for rows in ("fees", "limits", "conditions", "reasons", "checks")
    for count, number in (("TOTAL", "1"), ("INITIAL", "0"))
}
PAY_OUT = "/admin/payments/refunddue/{s.money.refund.pk}/pay-out"
TAKE = "/admin/payments/bankstatement/{s.money.staged.pk}/take/"
WORK = "/admin/payments/difference/{s.money.difference.pk}/work/"
REVIEW = "/admin/payments/attempt/{s.money.in_review.pk}/review/"
PROPOSED = {"step": "propose", "code": "service_refused", "way": "gateway", "remaining": "10000"}
WRONG, PASSED = {"login": "officer", "password": "no"}, {"login": "officer", "password": PASSWORD}


def public() -> list[Visit]:
    v = [Visit(f"/{{lang}}/{page}") for page in ("", "privacy/", "accessibility/", "health-licence/", "track/", "queue/")]
    v += BOARD_COSTS
    v += [Visit(f"/{{lang}}/{page}", "owner", note="signed in") for page in ("", "health-licence/")]
    shops, with_events = "/{lang}/shops/", "/{lang}/shops/{s.register.with_events.public_id}/"
    v += [
        Visit(shops),
        Visit(f"{shops}?q=الفجر", note="found"),
        Visit(f"{shops}?q=صالون", note="more than a page"),
        Visit(f"{shops}?q=lamsat fajr", note="by an earlier name"),
        Visit(f"{shops}?q=صالوم الفحر", note="by another word"),
        Visit(f"{shops}?q=الفجر كلمةغريبة", note="a word left out"),
        Visit(f"{shops}?q=كلمةغريبة&open=on", note="nothing found"),
        Visit(f"{shops}?q=الفجر&governorate=FA&area={{s.register.with_events.area_id}}&near=29.33,48.02", note="narrowed down"),
        Visit(f"{shops}?q=الفجر&governorate=XX&area=x&near=1,1", note="filters that are none"),
        Visit(f"{shops}?q=الفجر&after=x", status=400, note="a page of another search"),
        Visit(with_events, note="with events"),
        Visit("/{lang}/shops/{s.register.closed.public_id}/", note="closed"),
        Visit("/{lang}/shops/{s.owner.shop.public_id}/", "owner", note="their own"),
        Visit("/{lang}/shops/0000/", status=404),
    ]
    v += open_data_visits.visits()
    reference = "{s.owner.waiting.reference}"
    v += [
        Visit("/{lang}/track/", post={}, note="empty"),
        Visit("/{lang}/track/", post={"reference": "؟؟؟", "last_four": "12"}, note="wrong shape"),
        Visit("/{lang}/track/", post={"reference": reference, "last_four": "0000"}, note="missed"),
        Visit("/{lang}/track/", post={"reference": reference, "last_four": "{s.owner.person.last_four}"}, note="found"),
        Visit("/{lang}/track/", post={"reference": "{s.owner.issued.reference}", "last_four": "{s.owner.person.last_four}"}, note="issued"),
        Visit(
            "/{lang}/track/",
            post={"reference": reference, "last_four": "0000"},
            before=(("/{lang}/track/", {"reference": reference, "last_four": "0000"}),) * 10,
            status=429,
        ),
        Visit("/verify/"),
        Visit("/verify/", post={"code": "12"}, note="wrong shape"),
        Visit("/verify/", post={}, note="empty"),
        Visit("/verify/{s.owner.licence.document.code}", note="not yet in force"),
        Visit("/verify/{s.owner.licence.document.code}", "owner"),
        Visit("/verify/{s.owner.receipt.document.code}", note="a receipt"),
        Visit("/verify/{document_active}", minutes=60 * 24 * 700, note="expired"),
        Visit("/verify/{unknown_code}", status=404),
        Visit("/verify/{unknown_code}", before=(("/verify/{unknown_code}", None),) * 30, status=429),
    ]
    v += [Visit(f"/verify/{{document_{state}}}", status=404 if state == "draft" else 200, note=state) for state in DocumentState]
    return v


def door() -> list[Visit]:
    waiting = "/{lang}/sign-in/waiting/"
    v = [
        Visit(DOOR),
        Visit(DOOR, demo=True, note="demo"),
        Visit(DOOR, post={"channel": "push"}, status=400, note="empty"),
        Visit(DOOR, post={"channel": "push", "civil_id": "123"}, status=400, note="too short"),
        Visit(DOOR, post={"channel": "push", "civil_id": "299999999999"}, status=400, note="no date"),
        Visit(DOOR, post={"channel": "push", "civil_id": "290010100012"}, status=400, note="wrong digit"),
        Visit(DOOR, post={"channel": "qr"}, phone="away", status=503),
        Visit(DOOR, post=PUSH, before=((DOOR, PUSH),) * 3, note="a fourth push", status=429),
        Visit(DOOR, openid="away", note="with a provider"),
        Visit("/{lang}/sign-in/provider/", post={}, openid="away", status=503),
        Visit("/accounts/openid/callback", openid="declined"),
        Visit("/accounts/openid/callback", openid="failed", status=409),
        Visit("/{lang}/sign-in/passkey/?next=/{lang}/my-shops/"),
        Visit("/{lang}/sign-in/passkey/", post={}, status=400),
        Visit(waiting, before=((DOOR, PUSH),), note="push"),
        Visit(waiting, before=((DOOR, PUSH),), demo=True, note="push, demo"),
        Visit(waiting, before=((DOOR, {"channel": "qr"}),), note="code to scan"),
        Visit(waiting, before=((DOOR, {"channel": "qr"}),), demo=True, note="code to scan, demo"),
        Visit(waiting, before=((DOOR, PUSH),), minutes=6, note="run out"),
        Visit("/{lang}/my-shops/", "owner", minutes=20, note="idle"),
        Visit("/{lang}/my-shops/", "owner", minutes=13 * 60, note="too long"),
    ]
    v += [Visit(waiting, before=((DOOR, {"channel": "qr"}),), phone=mode, minutes=1, note=mode) for mode in ("declined", "away later")]
    v += [Visit(waiting, before=((DOOR, PUSH),), minutes=1, note="push not sent")]
    v += [Visit(waiting, before=((DOOR, PUSH),), minutes=6, note="expired")]
    return v


def of_a_person() -> list[Visit]:
    pages = (
        "my-shops/",
        "my-requests/",
        "messages/",
        "profile/",
        "profile/email/",
        "profile/phone/",
        "profile/sessions/",
        "profile/passkeys/",
    )
    v = [Visit(f"/{{lang}}/{page}", who) for page in pages for who in ("owner", "newcomer")]
    code = (("/{lang}/profile/email/", {"address": "salim@mail.example"}),)
    confirm, wrong = "/{lang}/profile/email/confirm/", {"code": "000000"}
    v += [
        Visit("/{lang}/my-requests/?before=1", "owner", note="past the end"),
        Visit("/{lang}/messages/?before=1", "owner", note="past the end"),
        Visit("/{lang}/my-shops/", "former", note="signed no more"),
        Visit("/{lang}/messages/{s.owner.message.public_id}/", "owner"),
        Visit("/{lang}/messages/{s.stranger.message.public_id}/", "stranger"),
        Visit("/{lang}/profile/", "owner", before=code, note="a code is on its way"),
        Visit("/{lang}/profile/?next=/{lang}/my-shops/", "newcomer", note="sent from elsewhere"),
        Visit("/{lang}/profile/email/", "owner", post={"address": "?"}, status=400),
        Visit("/{lang}/profile/email/", "owner", post={"address": "x@mail.example"}, before=(code[0],) * 3, note="a second address"),
        Visit("/{lang}/profile/email/", "owner", post=code[0][1], before=(code[0],) * 3, status=429),
        Visit("/{lang}/profile/passkeys/add/", "owner"),
        Visit("/{lang}/profile/passkeys/add/", "owner", post={"name": "", "credential": "null"}, status=400, note="no name"),
        Visit("/{lang}/profile/passkeys/add/", "owner", post={"name": "1", "credential": "null"}, status=400, note="no key"),
        Visit("/{lang}/profile/passkeys/add/", "owner", minutes=10, status=403, note="not fresh"),
        Visit("/{lang}/profile/email/", "owner", minutes=10, post={"address": "x@mail.example"}, status=403, note="asks again"),
        Visit("/{lang}/profile/passkeys/{s.passkey.pk}/name/", "owner"),
        Visit("/{lang}/profile/passkeys/{s.passkey.pk}/name/", "owner", post={"name": ""}, status=400),
        Visit("/{lang}/profile/passkeys/{s.passkey.pk}/remove/", "owner"),
        Visit("/{lang}/profile/phone/", "owner", post={"address": "12"}, status=400),
        Visit("/{lang}/profile/phone/", "owner", post={"address": "22345678"}, status=400, note="no mobile"),
        Visit("/{lang}/profile/phone/confirm/", "owner", before=(("/{lang}/profile/phone/", {"address": "99887766"}),)),
        Visit(confirm, "owner", before=code),
        Visit(confirm, "owner", before=code, post={"code": "12"}, status=400),
        Visit(confirm, "owner", before=code, post={"code": "x"}, status=400),
        Visit(confirm, "owner", before=code, post={"code": "000000"}, status=400, note="wrong"),
        Visit(confirm, "owner", before=(*code, *((confirm, wrong),) * 5), post=wrong, status=409, note="too often"),
        Visit(confirm, "owner", note="none is on its way"),
    ]
    return v


def of_cases() -> list[Visit]:
    shops = ("food", "expired_commercial", "blocked", "early", "late", "ended", "unlicensed", "changed", "closed")
    v = [Visit(f"/{{lang}}/cases/{{case_{state}}}/", "owner", note=state) for state in CASE_STATES]
    v += [Visit(f"/{{lang}}/health-licence/{{shop_{shop}}}/renew/", "owner", note=shop) for shop in shops]
    v += [
        Visit("/{lang}/cases/{s.owner.waiting.public_id}/", "owner"),
        Visit("/{lang}/cases/{s.owner.issued.public_id}/", "owner", note="looked at"),
        Visit("/{lang}/cases/{s.stranger.issued.public_id}/", "stranger"),
        Visit("/{lang}/cases/{s.owner.waiting.public_id}/feedback/", "owner", post={"text": "12"}, note="no answer chosen"),
        Visit("/{lang}/cases/{s.owner.waiting.public_id}/withdraw/", "owner"),
        Visit("/{lang}/cases/{s.owner.waiting.public_id}/withdraw/", "owner", post={}, status=409, note="at the bank"),
        *APPEALS,
        *ACTS,
        Visit(RENEW, "owner"),
        Visit(RENEW, "newcomer", status=404),
        Visit(RENEW, "owner", post={}, note="empty"),
        Visit(RENEW, "owner", post={"changed": "no"}, note="without the declaration"),
        Visit(RENEW, "owner", post={"changed": "maybe"}, note="no such answer"),
        Visit(RENEW, "owner", post={"changed": "yes"}, note="changed"),
        Visit(RENEW, "owner", post={"changed": "no", "declared": "on", "total": "1"}, status=409, note="another fee"),
        Visit(RENEW, "owner", post={"changed": "no", "declared": "on", "total": "{s.fee}"}, note="to the bill"),
        Visit("/{lang}/health-licence/{shop_open}/renew/", "owner", note="open request"),
        *MANY_AND_WORKERS,
        Visit("/{lang}/health-licence/{shop_renewed}/renew/", "owner", note="already been renewed"),
    ]
    return v


def of_changes() -> list[Visit]:
    """The review by an officer: each page before and after a wrong answer."""
    begin = (CHANGES, {})
    all_facts = (f"{CHANGES}what/", {"changed": ["trade_name", "activity", "area_m2", "manager", "address"], "version": "1"})
    late = "/{lang}/health-licence/{shop_late}/changes/"
    sent = ((late, {}), (f"{late}what/", {"version": "1"}))
    v = [
        Visit(CHANGES, "owner", note="before it is begun"),
        Visit(CHANGES, "owner", before=(begin,), note="begun"),
        Visit(CHANGES, "owner", before=(begin, all_facts), note="five facts"),
        Visit(f"{CHANGES}discard/", "owner", before=(begin,)),
        Visit(f"{CHANGES}discard/", "owner", before=(begin,), post={}, note="removed"),
        Visit(f"{CHANGES}what/", "owner", before=(begin,)),
        Visit(f"{CHANGES}what/", "owner", before=(begin,), post={}, note="nothing ticked"),
        Visit(f"{CHANGES}files/", "owner", before=(begin, all_facts)),
        Visit(f"{CHANGES}files/", "owner", before=(begin, all_facts), post={}, note="none there"),
        Visit("/{lang}/health-licence/{shop_blocked}/changes/", "owner", note="blocked"),
        Visit("/{lang}/health-licence/{shop_changed}/changes/", "owner", note="the register changed"),
        Visit(late, "owner", note="late"),
        Visit(f"{late}check/", "owner", before=sent),
        Visit(f"{late}check/", "owner", before=sent, post={}, note="without the declaration"),
        Visit(f"{late}check/", "owner", before=sent, post={"declared": "on", "total": "1", "version": "2"}, status=409, note="another fee"),
        Visit("/{lang}/cases/{case_corrections}/corrections/", "owner"),
    ]
    for page in ("trade_name", "activity", "area_m2", "manager", "address"):
        v += [
            Visit(f"{CHANGES}{page}/", "owner", before=(begin, all_facts)),
            Visit(f"{CHANGES}{page}/", "owner", before=(begin, all_facts), post={"version": "2"}, note="empty"),
        ]
    return v


def of_files() -> list[Visit]:
    slot, file = "/{lang}/uploads/{s.files.subject}/lease/", "/{lang}/uploads/file/{s.files.ready.public_id}/"
    return [
        Visit(slot, "owner", note="files in every state"),
        Visit(f"{slot}?next=/{{lang}}/my-shops/", "owner", note="on the way elsewhere"),
        Visit(slot, "owner", post={}, note="no file chosen"),
        Visit(slot, "stranger", status=404),
        Visit("/{lang}/uploads/{s.files.subject}/empty/", "owner", note="nothing yet"),
        Visit(f"{file}look/", "owner"),
        Visit(f"{file}replace/", "owner"),
        Visit(f"{file}replace/", "owner", post={}, note="no file chosen"),
    ]


def of_money() -> list[Visit]:
    v = [Visit(f"/{{lang}}/pay/{{bill_{state}}}/", "owner", note=state) for state in BillState]
    v += [Visit(f"/pay/r/{{attempt_{state}}}", who, note=state) for state in AttemptState for who in ("owner", "nobody")]
    v += [
        Visit(DUE, "owner", note="at the bank"),
        Visit("/{lang}/pay/{s.stranger.due.public_id}/", "stranger"),
        Visit("/{lang}/pay/{s.owner.paid.public_id}/", "owner"),
        Visit("/{lang}/pay/{s.owner.paid.public_id}/", "owner", post={}, status=409),
        Visit("/pay/r/{s.owner.attempt.token}", "owner"),
        Visit("/pay/r/{s.owner.attempt.token}"),
        Visit(PAID, "owner", before=((f"{PAID}/feedback", {"ease": "5"}),), note="answered", minutes=60),
        Visit(f"{PAID}/feedback", "owner", post={}, note="no answer chosen", minutes=60),
        Visit("/pay/r/{attempt_of_due}", "owner"),
        Visit("/pay/r/{attempt_of_due}", "owner", before=((DUE + "left/", {}),), note="left"),
        Visit("/pay/r/unknown", "owner"),
        Visit("/pay/r/unknown"),
        Visit("/pay/knet/error"),
        Visit("/pay/knet/error", "owner"),
        *(Visit(f"/{{lang}}/{page}/", who) for page in ("basket", "my-payments") for who in ("owner", "newcomer")),
        Visit("/{lang}/basket/", "stranger", post={"step": "count"}, note="nothing chosen"),
        Visit("/{lang}/basket/", "stranger", post={"step": "pay"}, status=409, note="nothing to pay"),
        Visit("/{lang}/basket/", "stranger", post={"step": "pay", "item": ["bill:x:1"], "total": "1"}, status=409, note="not in it"),
        Visit("/{lang}/my-payments/?before=1", "owner", note="past the end"),
    ]
    v += [Visit(f"/pay/knet/error?Error=IPAY010{n:04d}&ErrorText=x&paymentid=1&trackid=1&amt=1", "owner") for n in ONE_CODE_OF_EACH_KIND]
    return v


def of_staff() -> list[Visit]:
    code = (("/staff/sign-in/", PASSED),)
    v = [
        Visit("/staff/sign-in/"),
        Visit("/staff/sign-in/", demo=True, note="demo"),
        Visit("/staff/sign-in/", post={}, status=400),
        Visit("/staff/sign-in/", post=WRONG, status=400),
        Visit(
            "/staff/sign-in/",
            post=WRONG,
            before=(("/staff/sign-in/", WRONG),) * 5,
            status=429,
        ),
        Visit("/staff/sign-in/", "owner", status=403),
        Visit("/staff/sign-in/passkey/?next=/admin/rulebook/"),
        Visit("/staff/sign-in/passkey/", post={}, status=400),
        Visit("/staff/sign-in/code/", before=code),
        Visit("/staff/sign-in/code/", before=code, demo=True, note="demo"),
        Visit("/staff/sign-in/code/", before=code, post={}, status=400),
        Visit("/staff/sign-in/code/", before=code, post={"code": "000000"}, status=400),
        Visit("/staff/sign-in/closed/", status=403),
        Visit("/admin/find/", "officer"),
        Visit("/admin/find/?q=HL-0", "officer", note="no page"),
        Visit("/admin/lost-keys/", "operator"),
        Visit("/admin/lost-keys/", "operator", post={}, status=409),
        Visit("/admin/lost-keys/", "operator", minutes=10, post={"loss": "1"}, status=403, note="asks again"),
        Visit("/{lang}/profile/sessions/", "auditor"),
        Visit("/{lang}/profile/passkeys/", "auditor"),
        Visit("/admin/rulebook/ruleset/add/", "maker"),
        Visit("/admin/rulebook/ruleset/add/", "maker", post=EMPTY_EDITION, note="empty"),
        Visit("/admin/rulebook/ruleset/{other_draft}/change/", "maker", note="own draft"),
        Visit("/admin/rulebook/ruleset/{other_draft}/change/", "publisher"),
        Visit("/admin/rulebook/ruleset/{other_draft}/publish/", "publisher"),
        Visit("/admin/rulebook/ruleset/{other_draft}/publish/", "publisher", post={}, note="refused or published"),
        *(Visit(f"/admin/rulebook/ruleset/{{to_come}}/{page}/", "maker", note="to come") for page in ("change", "withdraw")),
        *(Visit(f"/admin/rulebook/ruleset/{{to_withdraw}}/{page}/", "publisher", note="to withdraw") for page in ("change", "withdraw")),
        Visit("/admin/rulebook/ruleset/{calendar}/change/", "auditor", note="a year of the calendar"),
        Visit("/admin/rulebook/ruleset/{calendar}/change/", "maker", note="a year of the calendar"),
        Visit("/admin/rulebook/ruleset/{calendar_draft}/change/", "maker", note="a calendar to write"),
        Visit("/admin/rulebook/ruleset/{calendar_draft}/change/", "publisher", note="what a calendar changes"),
        Visit("/admin/rulebook/ruleset/{calendar_draft}/publish/", "publisher", note="a calendar to publish"),
        Visit("/admin/jobs/job/{s.dead_job.pk}/change/", "operator"),
        Visit("/admin/jobs/job/{s.dead_job.pk}/retry/", "operator"),
        Visit("/admin/jobs/job/{s.dead_job.pk}/retry/", "operator", post={}, note="tried again"),
        Visit("/admin/jobs/job/", "operator"),
        Visit("/admin/documents/sealtoken/", "operator"),
        Visit("/admin/documents/sealtoken/{s.seal_token.pk}/change/", "operator"),
        *(Visit(f"{PAY_OUT}/", who) for who in ("cashier", "checker")),
        Visit(f"{PAY_OUT}/", "cashier", post={"step": "propose"}, status=409, note="nothing chosen"),
        Visit(f"{PAY_OUT}/", "cashier", before=((f"{PAY_OUT}/", PROPOSED),), note="proposed"),
        Visit("/admin/payments/refunddue/{s.money.refund.pk}/change/", "cashier"),
        *(Visit(f"/admin/payments/refunddue/{{refund_{state}}}/pay-out/", who) for state in RefundState for who in ("cashier", "checker")),
        Visit("/admin/payments/ledgerposting/{s.money.posting.pk}/correct/", "cashier"),
        Visit("/admin/payments/ledgerposting/{s.money.posting.pk}/correct/", "cashier", post={}, status=409, note="one waits"),
        Visit("/admin/payments/ledgercorrection/{s.money.correction.pk}/decide/", "checker"),
        Visit("/admin/payments/ledgercorrection/{s.money.correction.pk}/change/", "checker"),
        Visit("/admin/payments/ledgerposting/{s.money.posting.pk}/change/", "cashier"),
        Visit("/admin/payments/bankstatement/", "cashier"),
        Visit("/admin/payments/bankstatement/load/", "cashier"),
        Visit("/admin/payments/bankstatement/load/?sample", "cashier", note="a sample"),
        Visit("/admin/payments/bankstatement/load/", "cashier", post={}, status=400, note="no file"),
        Visit(TAKE, "cashier"),
        Visit(TAKE, "cashier", post={}, status=409, note="nothing chosen"),
        Visit(TAKE, "cashier", before=((TAKE, {"step": "take"}),), note="taken"),
        Visit("/admin/payments/difference/", "cashier"),
        Visit("/admin/payments/difference/days/", "checker"),
        Visit("/admin/payments/ledgerposting/day/", "checker"),
        *(Visit(WORK, who) for who in ("cashier", "checker")),
        Visit(WORK, "cashier", post={"step": "propose"}, status=409, note="no reason"),
        Visit(WORK, "checker", before=((WORK, {"step": "note", "text": "ملاحظة"}),), note="noted"),
        *(Visit(REVIEW, who) for who in ("cashier", "checker")),
        Visit(REVIEW, "cashier", post={"step": "find"}, status=409, note="nothing chosen"),
        Visit(REVIEW, "cashier", before=((REVIEW, {"step": "ask"}),), note="asked"),
        Visit("/admin/payments/attempt/reviews/", "checker"),
        Visit("/admin/password_change/", "officer", post={}, note="empty"),
        Visit("/admin/cases/case/", "officer"),
        *(Visit("/admin/cases/feedback/", who) for who in ("supervisor", "auditor")),
        Visit("/admin/cases/case/?q=HL-2026-000001-C", "auditor", note="searched"),
        Visit("/admin/cases/case/?q=nothing", "auditor", note="searched in vain"),
        Visit("/admin/audit/auditevent/?action=bill.issued&day=0", "auditor", note="filtered"),
        Visit("/admin/", "owner", status=403),
        Visit("/admin/", "halfway", status=403),
    ]
    for row in ROWS:
        first = row.answers["auditor"].split()[0]
        if row.path.startswith("/admin/") and row.path not in ("/admin/login/", "/admin/jsi18n/") and first in ("200", "403", "404"):
            v.append(Visit(row.path, "auditor", status=int(first)))
    return v


def errors() -> list[Visit]:
    return [
        Visit("/{lang}/nothing-is-here/", status=404),
        Visit("/{lang}/nothing-is-here/", "owner", status=404),
        Visit("/nothing-is-here/", status=404),
        Visit("/{lang}/cases/{s.owner.waiting.public_id}/", "stranger", status=404),
        Visit("/{lang}/my-shops/", "officer", status=403),
        Visit("/{lang}/track/", post={"reference": "x"}, checks_token=True, status=403, note="no token"),
        Visit("/{lang}/", headers={"host": "other.example"}, status=400, note="another host"),
        Visit("/{lang}/", post={}, headers={"accept": "text/html"}, status=405, note="sent like a form"),
        Visit("/{lang}/track/", post={"reference": "x" * 1_100_000}, status=413, note="too much"),
        Visit("/{lang}/", breaks="municipality.cases.queries.figures", status=500),
        Visit("/{lang}/my-requests/", "owner", breaks="municipality.cases.queries.visible_to", status=500),
        Visit("/verify/", breaks="municipality.ui.language.is_switch", post={"code": "1"}, status=500),
    ]


def of_delegation() -> list[Visit]:
    """Both sides of a delegation, an organisation, and the counter."""
    give, one = "/{lang}/delegations/give/", "/{lang}/delegations/{s.grants.%s.public_id}/"
    delegation, offer, revoked = (one % name for name in ("delegation", "offer", "revoked"))
    filled = {"subject": "{s.owner.shop.key}", "service": "licensing.renewal", "civil_id": "290010100089", "last_day": "2027-01-31"}
    assist = "/{lang}/assist/"
    company = "/{lang}/organisations/{s.organisation.public_id}/"
    asked = {"civil_id": "290010100046", "purpose": "licensing.renewal", "desk": "counter"}
    people = ("owner", "delegate", "former_delegate", "offered", "boss", "newcomer")
    v = [Visit("/{lang}/delegations/", who) for who in people]
    v += [
        Visit(give, "owner"),
        Visit(f"{give}?for={{s.owner.shop.key}}", "owner", note="of one shop"),
        Visit(give, "newcomer", note="no shop"),
        Visit(give, "owner", post={}, status=400, note="empty"),
        Visit(give, "owner", post=filled | {"last_day": "2001-01-01"}, status=400, note="a day gone by"),
        Visit(give, "owner", post=filled | {"last_day": "2031-01-01"}, status=400, note="too long"),
        Visit(give, "owner", post=filled | {"civil_id": "290010100046"}, status=409, note="holds it already"),
        Visit(give, "owner", post=filled, note="offered"),
        *(Visit(delegation, who) for who in ("owner", "delegate")),
        *(Visit(offer, who) for who in ("owner", "offered")),
        Visit(revoked, "former_delegate"),
        Visit(f"{delegation}revoke/", "owner"),
        Visit(f"{delegation}revoke/", "owner", post={}, note="revoked"),
        Visit(f"{delegation}renounce/", "delegate"),
        Visit(f"{offer}accept/", "offered"),
        Visit(f"{offer}accept/", "offered", post={}, note="accepted"),
        Visit(f"{offer}decline/", "offered"),
        Visit("/{lang}/my-shops/", "delegate"),
        Visit("/{lang}/my-requests/", "delegate"),
        Visit(RENEW, "delegate"),
        Visit(RENEW, "former_delegate", status=403, note="revoked"),
        Visit(CHANGES, "delegate"),
        Visit("/{lang}/cases/{s.owner.waiting.public_id}/", "delegate"),
        Visit("/{lang}/cases/{s.owner.issued.public_id}/", "delegate"),
        Visit(DUE, "delegate"),
        Visit("/{lang}/profile/looks/", "owner"),
        Visit("/{lang}/profile/looks/", "newcomer"),
        Visit("/{lang}/profile/looks/?before=1", "owner", note="past the end"),
        Visit(company, "boss"),
        Visit(f"{company}clerk/", "boss"),
        Visit(f"{company}clerk/", "boss", post={}, status=400, note="empty"),
        Visit(assist, "counter"),
        Visit(assist, "counter", post={}, status=400, note="empty"),
        Visit(assist, "counter", post=asked, note="a code is on its way"),
        Visit(assist, "officer", status=403),
        Visit("/{lang}/assist/{s.grants.waiting.public_id}/", "counter", note="of a colleague"),
        Visit("/{lang}/my-shops/", "counter"),
        Visit("/{lang}/my-requests/", "counter"),
        Visit(RENEW, "counter"),
        Visit("/{lang}/cases/{s.owner.waiting.public_id}/", "counter"),
        Visit("/admin/", "counter"),
    ]
    return v


def of_claims() -> list[Visit]:
    """A claim from both sides."""
    claim = "/{lang}/claims/{s.grants.claim.public_id}/"
    number = {"number": "{s.grants.matched.commercial_license_no}"}
    return [
        Visit("/{lang}/claims/", "newcomer"),
        Visit("/{lang}/claims/", "boss", note="of an organisation"),
        Visit(
            "/{lang}/claims/",
            "boss",
            post=number | {"organisation": "{s.organisation.public_id}"},
            note="for an organisation, by documents",
        ),
        Visit("/{lang}/claims/", "newcomer", post={}, status=400, note="empty"),
        Visit("/{lang}/claims/", "newcomer", post={"number": "1"}, status=409, note="no such shop"),
        Visit("/{lang}/claims/", "owner", post=number, status=409, note="theirs already"),
        Visit("/{lang}/claims/", "offered", post=number, note="the register names them"),
        Visit("/{lang}/claims/{s.grants.claiming.public_id}/", "offered"),
        Visit("/{lang}/claims/{s.grants.claiming.public_id}/", "offered", post={}, status=400, note="empty"),
        Visit("/{lang}/claims/{s.grants.claiming.public_id}/", "offered", post={"statement": "2026"}, status=409, note="no document"),
        Visit("/{lang}/cases/{s.grants.claim.public_id}/", "offered", note="a claim"),
        Visit(f"{claim}withdraw/", "offered"),
        Visit(f"{claim}dispute/", "owner"),
        Visit(f"{claim}dispute/", "owner", post={}, status=400, note="empty"),
        Visit(f"{claim}dispute/", "owner", post={"dispute": "x"}, note="disputed"),
        Visit(f"{claim}dispute/", "owner", before=((f"{claim}dispute/", {"dispute": "x"}),), note="disputed before"),
        Visit("/{lang}/my-shops/", "owner", note="claimed by somebody"),
    ]


VISITS = [
    *public(),
    *door(),
    *of_a_person(),
    *of_cases(),
    *of_changes(),
    *of_files(),
    *of_delegation(),
    *of_claims(),
    *shop_page_data.visits(),
    *of_money(),
    *of_staff(),
    *desk_visits.visits(),
    *messages_matrix.VISITS,
    *incidents_matrix.VISITS,
    *VIOLATIONS,
    *REGISTER,
    *COMMERCIAL,
    *zoning_data.visits(),
    *plot_files_data.visits(),
    *opinion_data.visits(),
    *board_data.visits(),
    *holder_data.visits(),
    *(*inspection_data.visits(), *report_data.visits()),
    *new_licence_data.visits(),
    *errors(),
]
