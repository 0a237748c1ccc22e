"""Who gets what at every address: one row an address and object, six answers a role.

The answers are the statuses of GET, HEAD, POST, PUT, PATCH and DELETE, the POST empty unless the row gives it a body.
A path is a format text over the sample (`s`, sample_data.py) and `lang`; rows under `/{lang}/` are tried in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import django

from tests.architecture import incidents_matrix, messages_matrix, office_matrix, plot_files_data, register_matrix

NEWER_ADMIN = django.VERSION >= (6, 1)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("nobody", "owner", "stranger", "officer", "auditor", "halfway")
PEOPLE = ("owner", "stranger")
STAFF = ("officer", "auditor")

READ = "200 200 405 405 405 405"
FORM = "200 200 200 405 405 405"
FILLED_IN = "200 200 400 405 405 405"  # the same, and what is sent empty is refused
DOOR = "302 302 302 302 302 302"  # to a sign-in page
NO = "403 403 403 403 403 403"
HIDDEN = "404 404 405 405 405 405"
HIDDEN_FORM = "404 404 404 405 405 405"
WAY_OUT = "405 405 302 405 405 405"  # a button that leads on
LEADS_ON = "302 302 302 302 302 302"  # refused, to the page that says why
ASKS = "200 200 302 405 405 405"  # asks once more, then does it and leads on
HIDDEN_BUTTON = "405 405 404 405 405 405"
ELSEWHERE = "302 302 302 405 405 405"  # not theirs to do now: back to the page
NO_FORM = "403 403 403 405 405 405"
NO_READ = "403 403 405 405 405 405"
UNSAID = "200 200 409 405 405 405"  # a page of steps: posted to without one it says so
# The admin answers any method by its page; only POST could write, and a page to read refuses it.
PAGE = "200 200 200 200 200 200"
FACTS = "200 200 403 200 200 200"
NOWHERE = "404 404 404 404 404 404"


@dataclass(frozen=True)
class Row:
    """One address with one object. `why` explains an answer that surprises."""

    path: str
    answers: Mapping[str, str]
    post: Mapping[str, str] = field(default_factory=dict)
    why: str = ""

    def __str__(self) -> str:
        return self.path


def everybody(path: str, answers: str, *, why: str = "", **other: str) -> Row:
    """The same for all, but for the roles named."""
    return Row(path, {**dict.fromkeys(ROLES, answers), **other}, why=why)


def own(path: str, owner: str, stranger: str, post: Mapping[str, str] | None = None, why: str = "", **other: str) -> Row:
    """A page of one person: to the door for nobody, not there for a stranger, closed to staff."""
    staff = dict.fromkeys((*STAFF, "halfway"), NO)
    return Row(path, {"nobody": DOOR, "owner": owner, "stranger": stranger, **staff, **other}, post or {}, why)


def shared(path: str, owner: str, stranger: str, *, counter: str = "", post: Mapping[str, str] | None = None, why: str = "") -> Row:
    """A page of one person that their delegate and staff with their code open as they do; to a delegate of yesterday it says so."""
    over = " ".join("403" if answer not in ("405",) else answer for answer in owner.split())
    return own(path, owner, stranger, post, why, delegate=owner, former_delegate=over, counter=counter or owner)


def counter(path: str, counter: str, other_staff: str, why: str = "an officer is not at the counter") -> Row:
    """A page of the counter: closed to people, and to staff of other roles."""
    return own(path, NO, NO, why=why, officer=other_staff, auditor=other_staff, counter=counter)


def anyones(path: str, answers: str, why: str = "") -> Row:
    """Of whoever is signed in; staff only with their second factor."""
    return Row(path, {"nobody": DOOR, **dict.fromkeys((*PEOPLE, *STAFF), answers), "halfway": NO}, why=why)


def by_subject(path: str, owner: str, other: str, why: str = "") -> Row:
    """Of whoever the rule of the subject lets in, staff included: not there for all others."""
    return Row(path, {"nobody": DOOR, "owner": owner, **dict.fromkeys(("stranger", *STAFF), other), "halfway": NO}, why=why)


def staff(path: str, officer: str, auditor: str, *, why: str = "", **other: str) -> Row:
    """A page of the admin: everybody else, and staff by password alone, are led to the staff door."""
    away = dict.fromkeys(("nobody", *PEOPLE, "halfway"), DOOR)
    return Row(path, {**away, "officer": officer, "auditor": auditor, **other}, why=why)


def table(
    name: str,
    pk: str,
    *,
    officer: str = NO,
    auditor: str = NO,
    supervisor: str = NO,
    hidden: bool = False,
    of_branch: bool = False,
    readers: tuple[str, ...] = (),
) -> list[Row]:
    """The pages of one table that staff only read. `hidden`: no row of it is there for the officer, so its history leads back.

    `of_branch`: the supervisor of the branch sees the row that is hidden from the officer. `readers` are roles that read it as
    the auditor does.
    """
    page, facts = f"/admin/{name}/", {NO: NO, PAGE: FACTS}
    row, leads = f"{page}{pk}/", "302 302 403 302 302 302"
    return [
        staff(page, officer, auditor, supervisor=supervisor, **dict.fromkeys(readers, auditor)),
        staff(f"{page}add/", NO, NO, supervisor=NO, **dict.fromkeys(readers, NO)),
        staff(f"{row}history/", DOOR if hidden else officer, auditor, supervisor=DOOR if hidden and not of_branch else supervisor),
        staff(f"{row}delete/", NO, NO, supervisor=NO, **dict.fromkeys(readers, NO)),
        staff(
            f"{row}change/",
            leads if hidden and officer == PAGE else facts[officer],
            facts[auditor],
            supervisor=leads if hidden and not of_branch and supervisor == PAGE else facts[supervisor],
            **dict.fromkeys(readers, facts[auditor]),
        ),
        staff(row, DOOR, DOOR, why="leads to the page for changes, which answers for itself"),
    ]


DESK = ("officer", "auditor", "supervisor")
# Each is refused without a word of what is wanted.
ACTS = ("approve", "corrections", "refuse", "give-back", "take-back", "conflict", "reveal")
THEIRS = dict.fromkeys(DESK, HIDDEN_FORM)


def desk(path: str, *, why: str = "", **answers: str) -> Row:
    """A page of queue and desk, which belong to no table: closed to the staff that are not named."""
    closed = "405 405 403 405 405 405" if path == "next/" else "403 403 403 405 405 405"
    said = dict.fromkeys(DESK, closed) | answers
    return staff(f"/admin/desk/{path}", said.pop("officer"), said.pop("auditor"), why=why, **said)


ROWS: list[Row] = [
    # Outside the languages.
    everybody("/healthz", READ),
    everybody("/readyz", READ),
    everybody("/verify/", FORM),
    everybody("/verify/{s.owner.licence.document.code}", READ),
    everybody("/verify/00000000000000000000", HIDDEN),
    own("/documents/{s.owner.licence.document.number}.pdf", READ, HIDDEN, delegate=READ, former_delegate=HIDDEN),
    own("/documents/{s.owner.receipt.document.number}.pdf", READ, HIDDEN),
    everybody("/api/v1/services/", READ),
    everybody("/api/v1/verify/{s.owner.licence.document.code}", READ),
    everybody("/api/v1/shops/", READ),
    everybody("/api/schema/", READ),
    everybody(
        "/pay/knet/response",
        "200 200 303 405 405 405",
        nobody=FORM,
        why="the bank's server gets its one line, a browser with a session is led to a page",
    ),
    everybody("/pay/knet/error", FORM),
    everybody("/pay/tasdeed/response", FORM, why="one constant line for whatever comes"),
    everybody("/pay/r/{s.owner.attempt.token}", READ, why="the address is the key; who does not own it reads only how it stands"),
    everybody("/pay/r/{s.owner.attempt.token}/state", READ),
    everybody("/pay/r/00000000000000000000000000", HIDDEN),
    everybody("/pay/r/{s.owner.attempt.token}/feedback", HIDDEN_FORM, why="only of the payer", owner=FORM),
    everybody("/pay/r/{s.owner.attempt.token}/left", HIDDEN_BUTTON, why="only of the browser in which a visitor began it"),
    Row(
        "/staff/sign-in/",
        {"nobody": "200 200 400 405 405 405", **dict.fromkeys(PEOPLE, NO), **dict.fromkeys(STAFF, DOOR), "halfway": NO},
        why="a person's own session and one by password alone are told that they stand at the wrong door",
    ),
    Row(
        "/staff/sign-in/passkey/",
        {
            "nobody": "200 200 400 405 405 405",
            **dict.fromkeys(PEOPLE, NO_FORM),
            **dict.fromkeys(STAFF, ELSEWHERE),
            "halfway": NO_FORM,
        },
        why="like the door itself",
    ),
    everybody("/staff/sign-in/code/", DOOR, why="only after a right password in the same browser"),
    Row(
        "/staff/key/",
        {"nobody": DOOR, **dict.fromkeys(PEOPLE, NO), **dict.fromkeys(STAFF, ELSEWHERE), "halfway": NO},
        why="they came by a passkey or need none: on to their work",
    ),
    everybody("/staff/sign-in/closed/", "403 403 405 405 405 405"),
    everybody("/accounts/mobile-id/callback", "405 405 200 405 405 405"),
    everybody("/accounts/openid/callback", "404 405 405 405 405 405", why="no provider is set up here"),
    everybody("/files/{s.files.token}", HIDDEN, owner=READ, why="the link is the permission, of one session alone"),
    everybody("/files/0000000000", HIDDEN),
    # The admin's own pages.
    staff("/admin/", PAGE, PAGE),
    staff("/admin/find/", READ, READ, why="a number that may not be opened and one that does not exist have the same answer"),
    Row("/admin/login/", {**dict.fromkeys(("nobody", *STAFF), DOOR), **dict.fromkeys((*PEOPLE, "halfway"), NO)}),
    staff("/admin/logout/", WAY_OUT, WAY_OUT),
    staff("/admin/password_change/", "200 200 200 200 405 405", "200 200 200 200 405 405"),
    staff("/admin/password_change/done/", READ, READ),
    staff("/admin/autocomplete/", "403 403 405 405 405 405", "403 403 405 405 405 405"),
    staff("/admin/jsi18n/", READ, READ),
    staff("/admin/r/{s.case_type}/{s.owner.waiting.pk}/", NOWHERE, NOWHERE, why="no table of the admin has pages of its own"),
    staff("/admin/cases/", PAGE, PAGE),
    staff("/admin/nothing-is-here/", NOWHERE, NOWHERE),
    # What staff read.
    *table("audit/auditevent", "{s.act.pk}", auditor=PAGE),
    staff("/admin/audit/auditevent/verify/", "405 405 403 405 405 405", "405 405 302 405 405 405"),
    *table("audit/accesslogentry", "{s.look.pk}", auditor=PAGE),
    *table("jobs/job", "{s.dead_job.pk}", auditor=PAGE),
    *table("documents/sealtoken", "{s.seal_token.pk}", auditor=PAGE),
    *table("accounts/user", "{s.owner.person.pk}", auditor=PAGE, supervisor=PAGE),
    *table("accounts/superuseralarm", "{s.staff_rows.alarm.pk}", auditor=PAGE),
    staff("/admin/lost-keys/", NO_FORM, NO_FORM, supervisor=UNSAID, operator=UNSAID, publisher=NO_FORM),
    *table("accounts/organisation", "{s.organisation.pk}", auditor=PAGE, supervisor=PAGE),
    *table("delegation/delegation", "{s.grants.delegation.pk}", auditor=PAGE, supervisor=PAGE),
    *table("delegation/consent", "{s.grants.consent.pk}", auditor=PAGE),
    *table("rulebook/ruleset", "{s.draft.pk}", officer=PAGE, auditor=PAGE, supervisor=PAGE),
    *table("rulebook/activity", "{s.owner.shop.activity_id}", officer=PAGE, auditor=PAGE, supervisor=PAGE),
    *messages_matrix.tables(table),
    *table("cases/case", "{s.owner.waiting.pk}", officer=PAGE, auditor=PAGE, supervisor=PAGE, hidden=True),
    *table("cases/feedback", "{s.feedback.pk}", auditor=PAGE, supervisor=PAGE),
    *table("payments/attempt", "{s.owner.attempt.pk}", auditor=PAGE, hidden=True),
    *table("payments/gatewaymessage", "{s.gateway_message.pk}", auditor=PAGE, hidden=True),
    *table("payments/bill", "{s.owner.due.pk}", auditor=PAGE, hidden=True),
    *table("payments/receipt", "{s.owner.receipt.pk}", auditor=PAGE, hidden=True),
    *table("payments/refunddue", "{s.money.refund.pk}", auditor=PAGE, hidden=True, readers=("cashier", "checker")),
    *table("payments/ledgerposting", "{s.money.posting.pk}", auditor=PAGE, hidden=True, readers=("cashier", "checker")),
    *table("payments/ledgercorrection", "{s.money.correction.pk}", auditor=PAGE, hidden=True, readers=("cashier", "checker")),
    *table("payments/bankstatement", "{s.money.staged.pk}", auditor=PAGE, hidden=True, readers=("cashier", "checker")),
    *table("payments/difference", "{s.money.difference.pk}", auditor=PAGE, hidden=True, readers=("cashier", "checker")),
    staff("/admin/payments/difference/days/", NO, PAGE, cashier=PAGE, checker=PAGE),
    staff("/admin/payments/ledgerposting/day/", NO, PAGE, cashier=PAGE, checker=PAGE),
    staff("/admin/payments/difference/export.csv", NO, PAGE, cashier=PAGE, checker=PAGE),
    staff("/admin/payments/difference/export.xlsx", NO, PAGE, cashier=PAGE, checker=PAGE),
    staff("/admin/payments/difference/export.exe", NO, NOWHERE, cashier=NOWHERE, checker=NOWHERE),
    *table("violations/violation", "{s.fines.served.pk}", auditor=PAGE, supervisor=PAGE, hidden=True, of_branch=True),
    *table("violations/referralbatch", "{s.fines.batch.pk}", auditor=PAGE),
    *table("violations/judicialwarrant", "{s.fines.warrant.pk}", auditor=PAGE),
    *table("violations/team", "{s.fines.warrant.team_id}", auditor=PAGE),
    # The field, and the office of violations.
    *office_matrix.rows(staff),
    staff("/admin/commercial/", NO_FORM, UNSAID, keeper=UNSAID, supervisor=NO_FORM),
    *(
        staff(f"/admin/commercial/{{s.commercial.{one}.public_id}}/", NO_FORM, UNSAID, keeper=UNSAID)
        for one in ("waiting", "cancelled", "unreadable", "dismissed", "settled")
    ),
    staff("/admin/commercial/00000000000000000000000000/", NO_FORM, HIDDEN_FORM, keeper=HIDDEN_FORM),
    *(
        replace(
            staff(f"/admin/commercial/{{s.commercial.waiting.public_id}}/?step={step}", NO_FORM, "200 200 403 405 405 405", keeper=UNSAID),
            post={"step": step},
            why="an auditor reads and decides nothing; the keeper must have seen what is decided",
        )
        for step in ("accept", "dismiss")
    ),
    *register_matrix.rows(staff),
    *plot_files_data.rows(staff),
    # The acts of staff.
    staff("/admin/payments/bankstatement/load/", NO, NO, cashier="200 200 400 200 200 200", checker=NO),
    staff("/admin/payments/bankstatement/{s.money.staged.pk}/take/", NO, NO, cashier="200 200 409 200 200 200", checker=NO),
    staff(
        "/admin/payments/difference/{s.money.difference.pk}/work/",
        *(NO, NO),
        **dict.fromkeys(("cashier", "checker"), "200 200 409 200 200 200"),
    ),
    staff(
        "/admin/payments/refunddue/{s.money.refund.pk}/pay-out/",
        *(NO, NO),
        **dict.fromkeys(("cashier", "checker"), "200 200 409 200 200 200"),
        why="whoever posts nothing is asked what to do",
    ),
    staff("/admin/payments/attempt/reviews/", NO, NO, cashier=PAGE, checker=PAGE),
    staff(
        "/admin/payments/attempt/{s.money.in_review.pk}/review/",
        *(NO, NO),
        **dict.fromkeys(("cashier", "checker"), "200 200 409 200 200 200"),
    ),
    staff("/admin/payments/ledgerposting/{s.money.posting.pk}/correct/", NO, NO, cashier="200 200 409 200 200 200", checker=NO),
    staff("/admin/payments/ledgercorrection/{s.money.correction.pk}/decide/", NO, NO, cashier=NO, checker="200 200 409 200 200 200"),
    staff("/admin/jobs/job/{s.dead_job.pk}/retry/", NO, NO, operator="200 200 302 200 200 200", publisher=NO, maker=NO),
    *messages_matrix.acts(staff, own),
    *incidents_matrix.rows(table, staff, everybody),
    staff("/admin/rulebook/ruleset/{s.draft.pk}/publish/", NO, NO, publisher="200 200 302 200 200 200", maker=NO, operator=NO),
    staff("/admin/rulebook/ruleset/{s.draft.pk}/withdraw/", NO, NO, publisher=LEADS_ON, maker=LEADS_ON, operator=NO),
    staff(
        "/admin/rulebook/ruleset/{s.draft.pk}/next/",
        *("405 405 403 405 405 405",) * 2,
        **dict.fromkeys(("publisher", "operator"), "405 405 403 405 405 405"),
        maker=WAY_OUT,
        why="a button; whoever may not press it is told so",
    ),
    # The desk.
    desk("next/", officer="405 405 302 405 405 405"),
    desk("absence/", **dict.fromkeys(("officer", "supervisor", "inspector", "clerk", "authority", "court"), FORM)),
    desk("decided/", officer=READ, auditor=NO_READ, supervisor=NO_READ),
    desk("sign/", supervisor="200 200 409 405 405 405", why="409: no proposal is named"),
    desk("board/", supervisor="200 200 409 405 405 405"),
    *(staff(f"/admin/desk/figures/{page}", NO_READ, READ, supervisor=READ) for page in ("", "cases/", "export/")),
    desk("people/", supervisor="200 200 302 405 405 405"),
    desk("conflicts/", auditor="200 200 403 405 405 405", supervisor="200 200 409 405 405 405"),
    desk("{s.studied.public_id}/", officer=READ, auditor=READ, supervisor=READ),
    desk("{s.studied.public_id}/linked/", **(dict.fromkeys(DESK, HIDDEN) | {"officer": READ}), why="theirs who studies it"),
    desk("{s.studied.public_id}/linked/{s.owner.issued.public_id}/", **(dict.fromkeys(DESK, HIDDEN) | {"officer": READ})),
    desk(
        "{s.studied.public_id}/similar/{s.owner.issued.public_id}/",
        **dict.fromkeys(DESK, HIDDEN),
        why="theirs who may sign its refusal; see the tests of the page",
    ),
    staff("/admin/purpose/", "405 405 400 405 405 405", "405 405 400 405 405 405", why="no purpose is named"),
    desk("{s.owner.waiting.public_id}/", **dict.fromkeys(DESK, HIDDEN), why="no officer decides about it"),
    desk("{s.studied.public_id}/checks/", **(THEIRS | {"officer": "302 302 302 405 405 405"})),
    desk("{s.studied.public_id}/approve/", **(THEIRS | {"officer": "302 302 200 405 405 405"}), why="its checklist is answered"),
    *(desk(f"{{s.studied.public_id}}/{verb}/", **(THEIRS | {"officer": "302 302 409 405 405 405"})) for verb in ACTS[1:]),
    desk("{s.studied.public_id}/nothing/", **dict.fromkeys(DESK, HIDDEN_FORM)),
    desk("{s.owner.waiting.public_id}/refuse/", **dict.fromkeys(DESK, HIDDEN_FORM)),
    # Pages for everybody.
    everybody("/{lang}/", READ),
    everybody("/{lang}/privacy/", READ),
    everybody("/{lang}/accessibility/", READ),
    everybody("/{lang}/health-licence/", READ),
    everybody("/{lang}/boards/costs/", READ),
    everybody("/{lang}/boards/measure/", "400 400 405 405 405 405", why="nothing is drawn"),
    everybody("/{lang}/health-licence/{s.owner.shop.public_id}/front/", HIDDEN, why="no photo of its front was sent"),
    everybody("/{lang}/track/", FORM),
    everybody("/{lang}/queue/", READ),
    everybody("/{lang}/shops/", READ),
    everybody("/{lang}/shops/00000000000000000000000000/", HIDDEN),
    everybody("/{lang}/shops/{s.register.with_events.public_id}/", "302 302 405 405 405 405", why="to the address with its present name"),
    everybody("/{lang}/shops/{s.register.with_events.public_id}/lamsat-al-fajr-salon/", "302 302 405 405 405 405", why="an earlier name"),
    everybody("/{lang}/shops/{s.register.foreign.public_id}/vela-24/", READ),
    # The door.
    everybody("/{lang}/sign-in/", "200 200 400 405 405 405", **dict.fromkeys(PEOPLE, "302 302 302 405 405 405")),
    everybody("/{lang}/sign-in/waiting/", "302 302 405 405 405 405", why="this browser asked for nothing"),
    everybody("/{lang}/sign-in/status/", "200 405 405 405 405 405"),
    everybody("/{lang}/sign-in/finish/", "302 405 405 405 405 405"),
    everybody("/{lang}/sign-in/demo/start/", "405 405 404 405 405 405", why="there is no demo here"),
    everybody("/{lang}/sign-in/demo/answer/", "405 405 404 405 405 405"),
    everybody("/{lang}/sign-in/passkey/", "200 200 400 405 405 405", **dict.fromkeys(PEOPLE, "302 302 302 405 405 405")),
    everybody("/{lang}/sign-in/provider/", "405 405 404 405 405 405", why="no provider is set up here"),
    anyones("/{lang}/sign-in/again/", WAY_OUT),
    anyones("/{lang}/sign-out/", WAY_OUT),
    # Of the person who is signed in.
    own("/{lang}/profile/", READ, READ, counter=NO),
    own("/{lang}/profile/language/", WAY_OUT, WAY_OUT),
    own("/{lang}/profile/email/", "200 200 400 405 405 405", "200 200 400 405 405 405"),
    own("/{lang}/profile/address/", HIDDEN_FORM, HIDDEN_FORM),
    own("/{lang}/profile/phone/confirm/", "200 200 409 405 405 405", "200 200 409 405 405 405"),
    anyones("/{lang}/profile/sessions/", READ),
    anyones("/{lang}/profile/sessions/end-others/", WAY_OUT),
    anyones("/{lang}/profile/sessions/{s.other_session.pk}/end/", WAY_OUT, why="one that is not theirs stays alive; see the test beside"),
    anyones("/{lang}/profile/passkeys/", READ),
    anyones("/{lang}/profile/passkeys/add/", "200 200 400 405 405 405", why="soon after signing in only; see its tests"),
    by_subject("/{lang}/profile/passkeys/{s.passkey.pk}/name/", "200 200 400 405 405 405", HIDDEN_FORM),
    by_subject("/{lang}/profile/passkeys/{s.passkey.pk}/remove/", "200 200 302 405 405 405", HIDDEN_FORM),
    own("/{lang}/plots/{s.zoning.plot.public_id}/contest/land_use/", "200 200 400 405 405 405", "200 200 400 405 405 405"),
    own("/{lang}/plots/00000000000000000000000000/contest/land_use/", HIDDEN_FORM, HIDDEN_FORM),
    *(own(f"/{{lang}}/zoning/contests/{{s.plots.{name}.public_id}}/", READ, HIDDEN) for name in ("contest", "refused")),
    own("/{lang}/zoning/contests/", READ, READ),
    own("/{lang}/zoning/contests/00000000000000000000000000/", HIDDEN, HIDDEN),
    own("/{lang}/my-shops/", READ, READ, delegate=READ, former_delegate=READ, counter=READ),
    own("/{lang}/my-shops/list.xlsx", READ, READ, delegate=READ, former_delegate=READ, counter=READ),
    own("/{lang}/my-shops/codes/", READ, READ, delegate=READ, former_delegate=READ, counter=READ),
    own("/{lang}/my-requests/", READ, READ, delegate=READ, former_delegate=READ, counter=READ),
    anyones("/{lang}/messages/", READ),
    anyones("/{lang}/messages/check/", "200 200 200 405 405 405"),
    own("/{lang}/basket/", FORM, FORM),
    own("/{lang}/my-payments/", READ, READ),
    # Files, by the rule of what they are about.
    by_subject("/{lang}/uploads/{s.files.subject}/lease/", "200 200 302 405 405 405", HIDDEN_FORM),
    by_subject("/{lang}/uploads/{s.files.subject}/nowhere/", HIDDEN_FORM, HIDDEN_FORM),
    by_subject("/{lang}/uploads/unknown:1/lease/", HIDDEN_FORM, HIDDEN_FORM),
    by_subject("/{lang}/uploads/{s.files.subject}/lease/list/", READ, HIDDEN),
    by_subject(
        "/{lang}/uploads/{s.files.subject}/lease/files/", "405 405 412 405 405 405", "405 405 404 405 405 405", why="412: not the protocol"
    ),
    by_subject("/{lang}/uploads/file/{s.files.receiving.public_id}/", "405 412 405 405 412 412", "405 404 405 405 404 404"),
    by_subject("/{lang}/uploads/file/{s.files.removed.public_id}/", "405 404 405 405 404 404", "405 404 405 405 404 404"),
    by_subject("/{lang}/uploads/file/{s.files.ready.public_id}/look/", READ, HIDDEN),
    by_subject("/{lang}/uploads/file/{s.files.checking.public_id}/look/", HIDDEN, HIDDEN),
    by_subject("/{lang}/uploads/file/{s.files.ready.public_id}/save/", "302 302 405 405 405 405", HIDDEN),
    by_subject("/{lang}/uploads/file/{s.files.ready.public_id}/remove/", WAY_OUT, "405 405 404 405 405 405"),
    by_subject("/{lang}/uploads/file/{s.files.ready.public_id}/replace/", "200 200 302 405 405 405", HIDDEN_FORM),
    # Of one person.
    by_subject("/{lang}/messages/{s.owner.message.public_id}/", READ, HIDDEN),
    shared("/{lang}/cases/{s.owner.waiting.public_id}/", READ, HIDDEN),
    shared("/{lang}/cases/{s.owner.issued.public_id}/", READ, HIDDEN),
    shared("/{lang}/cases/{s.owner.waiting.public_id}/feedback/", FORM, HIDDEN_FORM, counter=NO, why="people only, not staff for them"),
    own("/{lang}/cases/{s.owner.issued.public_id}/feedback/", "303 303 303 405 405 405", HIDDEN_FORM, why="answered once"),
    own("/{lang}/cases/{s.owner.waiting.public_id}/appeal/", ELSEWHERE, HIDDEN_FORM, counter=NO, why="there is no refusal to appeal"),
    own("/{lang}/cases/{s.owner.waiting.public_id}/appeal/withdraw/", HIDDEN_FORM, HIDDEN_FORM, counter=NO, why="this is no appeal"),
    shared("/{lang}/cases/{s.owner.waiting.public_id}/withdraw/", "200 200 302 405 405 405", HIDDEN_FORM),
    shared("/{lang}/cases/{s.owner.issued.public_id}/withdraw/", "302 302 409 405 405 405", HIDDEN_FORM),
    shared("/{lang}/health-licence/{s.owner.shop.public_id}/renew/", FORM, HIDDEN_FORM, why="an empty form comes back with its errors"),
    shared(
        "/{lang}/health-licence/{s.owner.shop.public_id}/renew/",
        "200 200 302 405 405 405",
        HIDDEN_FORM,
        post={"declared": "on", "total": "{s.fee}"},
    ),
    shared("/{lang}/health-licence/{s.owner.shop.public_id}/changes/", "200 200 302 405 405 405", HIDDEN_FORM),
    shared(
        "/{lang}/health-licence/{s.owner.shop.public_id}/changes/what/", "302 302 302 405 405 405", HIDDEN_FORM, why="nothing is begun yet"
    ),
    shared("/{lang}/health-licence/{s.owner.shop.public_id}/changes/discard/", HIDDEN_FORM, HIDDEN_FORM, why="nothing is kept"),
    # The delegate and the staff of the sample act in renewals; each other act needs a right of its own.
    shared("/{lang}/health-licence/{s.owner.shop.public_id}/", READ, HIDDEN),
    own("/{lang}/health-licence/{s.owner.shop.public_id}/change/", "200 200 302 405 405 405", HIDDEN_FORM, counter=HIDDEN_FORM),
    own("/{lang}/health-licence/{s.owner.shop.public_id}/change/what/", "302 302 302 405 405 405", HIDDEN_FORM, counter=HIDDEN_FORM),
    own("/{lang}/health-licence/{s.owner.shop.public_id}/change/discard/", HIDDEN_FORM, HIDDEN_FORM, counter=HIDDEN_FORM),
    own("/{lang}/health-licence/{s.owner.shop.public_id}/duplicate/", FORM, HIDDEN_FORM, counter=HIDDEN_FORM),
    own("/{lang}/health-licence/{s.owner.shop.public_id}/cancel/", FORM, HIDDEN_FORM),
    shared("/{lang}/cases/{s.owner.waiting.public_id}/corrections/", "302 302 302 405 405 405", HIDDEN_FORM, why="nothing is asked for"),
    own("/{lang}/renewals/", FORM, FORM, delegate=FORM, former_delegate=FORM),
    own("/{lang}/renewals/{s.batch.public_id}/", READ, HIDDEN, delegate=HIDDEN, former_delegate=HIDDEN),
    own("/{lang}/health-licence/{s.owner.shop.public_id}/workers/", FILLED_IN, HIDDEN_FORM, counter=HIDDEN_FORM),
    own("/{lang}/health-licence/{s.owner.shop.public_id}/workers/{s.worker.public_id}/", FILLED_IN, HIDDEN_FORM, counter=HIDDEN_FORM),
    own("/{lang}/health-licence/{s.organisation_shop.public_id}/renew/", HIDDEN_FORM, HIDDEN_FORM, why="neither signs for it"),
    shared("/{lang}/pay/{s.owner.due.public_id}/", "200 200 303 405 405 405", HIDDEN_FORM, counter=NO, why="paying is the person's own"),
    shared("/{lang}/pay/{s.owner.paid.public_id}/", "200 200 409 405 405 405", HIDDEN_FORM, counter=NO),
    shared("/{lang}/pay/{s.owner.due.public_id}/left/", "405 405 303 405 405 405", "405 405 404 405 405 405", counter=NO),
    own("/{lang}/receipts/{s.owner.receipt.number}/", READ, HIDDEN, delegate=READ, former_delegate=HIDDEN, counter=NO),
    # Who acts for whom.
    own("/{lang}/delegations/", READ, READ, delegate=READ, counter=NO),
    own("/{lang}/delegations/give/", "200 200 400 405 405 405", "200 200 400 405 405 405", counter=NO),
    own("/{lang}/delegations/{s.grants.delegation.public_id}/", READ, HIDDEN, delegate=READ, former_delegate=HIDDEN, offered=HIDDEN),
    own("/{lang}/delegations/{s.grants.revoked.public_id}/", READ, HIDDEN, delegate=HIDDEN, former_delegate=READ),
    own("/{lang}/delegations/{s.grants.offer.public_id}/", READ, HIDDEN, delegate=HIDDEN, offered=READ),
    own("/{lang}/delegations/{s.grants.delegation.public_id}/revoke/", ASKS, HIDDEN_FORM, delegate=ELSEWHERE),
    own("/{lang}/delegations/{s.grants.delegation.public_id}/renounce/", ELSEWHERE, HIDDEN_FORM, delegate=ASKS),
    own("/{lang}/delegations/{s.grants.offer.public_id}/accept/", ELSEWHERE, HIDDEN_FORM, offered=ASKS, why="nobody accepts for another"),
    own("/{lang}/delegations/{s.grants.offer.public_id}/decline/", ELSEWHERE, HIDDEN_FORM, offered=ASKS),
    own("/{lang}/delegations/{s.grants.offer.public_id}/anything/", HIDDEN_FORM, HIDDEN_FORM),
    own("/{lang}/delegations/consents/{s.grants.consent.public_id}/withdraw/", WAY_OUT, "405 405 404 405 405 405", counter=NO),
    own("/{lang}/organisations/{s.organisation.public_id}/", HIDDEN, HIDDEN, boss=READ, delegate=HIDDEN, former=HIDDEN),
    own("/{lang}/organisations/{s.organisation.public_id}/clerk/", HIDDEN_FORM, HIDDEN_FORM, boss="200 200 400 405 405 405"),
    own("/{lang}/profile/looks/", READ, READ),
    # Claims of shops: of the claimant (offered), and of the holder (owner).
    own("/{lang}/claims/", "200 200 400 405 405 405", "200 200 400 405 405 405", counter=NO),
    own("/{lang}/claims/shop/{s.grants.matched.public_id}/", HIDDEN_FORM, HIDDEN_FORM, offered=ASKS, why="the register names one person"),
    own("/{lang}/claims/{s.grants.claiming.public_id}/", HIDDEN_FORM, HIDDEN_FORM, offered="200 200 400 405 405 405"),
    own("/{lang}/claims/{s.grants.claim.public_id}/dispute/", "200 200 400 405 405 405", HIDDEN_FORM, offered=HIDDEN_FORM),
    own("/{lang}/claims/{s.grants.claim.public_id}/withdraw/", HIDDEN_FORM, HIDDEN_FORM, offered=ASKS),
    own("/{lang}/claims/{s.grants.claim.public_id}/corrections/", HIDDEN_FORM, HIDDEN_FORM, offered=ELSEWHERE, why="nothing is asked for"),
    own("/{lang}/cases/{s.grants.claim.public_id}/", HIDDEN, HIDDEN, offered=READ),
    own("/documents/{s.fines.served.notice.number}.pdf", READ, HIDDEN, delegate=READ, former_delegate=HIDDEN),
    counter("/{lang}/assist/", "200 200 400 405 405 405", "403 403 403 405 405 405"),
    counter("/{lang}/assist/{s.grants.waiting.public_id}/", "200 200 409 405 405 405", "403 403 403 405 405 405", why="a colleague's code"),
    counter("/{lang}/assist/end/", WAY_OUT, "405 405 403 405 405 405"),
]

from tests.architecture.page_matrix import PAGES  # noqa: E402 - it is written with the words above

ROWS += PAGES

# Posted to by machines that hold no token of ours; both treat what comes as a hint (docs on payments and sign-in).
CSRF_EXEMPT = frozenset({"pay/knet/response", "pay/knet/error", "pay/tasdeed/response", "accounts/mobile-id/callback"})
CSRF_EXEMPT |= {"follows/stop/<str:token>"}  # posted to by mail programs (RFC 8058); the signed link is the proof
CSRF_EXEMPT |= {f"open311/v2/{name}.<georeport:form>" for name in ("requests", "servicerequestupdates")}  # by systems with a key
# By the gallery of a phone without the service worker, where nothing is stored; and by mail programs with a signed link.
CSRF_EXEMPT |= {f"{language}/{path}" for language in ("ar", "en") for path in ("report/share/", "reports/follow/stop/<str:token>")}


def differences(row: Row, role: str, got: Mapping[str, int]) -> list[str]:
    """How the statuses of a role at a row differ from what stands here."""
    wanted = dict(zip(METHODS, map(int, row.answers[role].split()), strict=True))

    def fits(method: str) -> bool:
        # Django 6.1 leads staff from a row that is not theirs to the admin's home, where 5.2 refuses: as safe, another word.
        led_away = NEWER_ADMIN and str(row).startswith("/admin/") and (got[method], wanted[method]) == (302, 403)
        return bool(got[method] == wanted[method] or led_away)

    return [f"{role} {m} {row}: {got[m]}, expected {wanted[m]}" for m in METHODS if not fits(m)]


def unlisted(routes: set[str], rows_of: Mapping[str, Any]) -> list[str]:
    """Routes that no row stands for."""
    return sorted(routes - set(rows_of))


# The rows of these are made by what stands above.
from tests.architecture import (  # noqa: E402
    board_data,
    holder_data,
    inspection_data,
    new_licence_data,
    opinion_data,
    report_data,
    report_photo_data,
    reporter_data,
)
from tests.architecture.open311_matrix import ROWS as OPEN311_ROWS  # noqa: E402
from tests.architecture.open_matrix import ROWS as OPEN_ROWS  # noqa: E402
from tests.architecture.public_reports_matrix import ROWS as PUBLIC_REPORT_ROWS  # noqa: E402
from tests.architecture.violation_matrix import ROWS as VIOLATION_ROWS  # noqa: E402

ROWS += [*OPEN_ROWS, *VIOLATION_ROWS, *opinion_data.rows(), *board_data.rows()]
ROWS += [*holder_data.rows(), *inspection_data.rows(), *new_licence_data.rows()]
ROWS += [*OPEN311_ROWS, *PUBLIC_REPORT_ROWS, *report_data.rows(), *report_photo_data.rows(), *reporter_data.rows()]
