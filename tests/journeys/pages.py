"""Every page of the portal and how to come to it, for gates that hold for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from tests.journeys.people import identity, shop_of
from tests.journeys.simulators import ask
from tests.journeys.visitor import Visitor
from tools.stack.running import Stack

BOARD = "0-board_class=commercial&0-medium=screen&0-width=2&0-height=1.2&0-faces=2&0-pieces=1&0-months=12"
READER = "Rajiv Menhas"  # one shop of each kind, an open request, a licence sealed here


@dataclass(frozen=True)
class PageOf:
    """`who` signs in before (a person's English name, `staff:` and a login, or nobody); `open` leads to the page itself.

    A page that is the answer to a form (`is_answer`) is not fetched a second time for its weight.
    """

    name: str
    open: Callable[[Visitor], object]
    who: str = ""
    status: int = 200
    is_answer: bool = False


def _one(stack: Stack, query: str, *parameters: object) -> str:
    return str(stack.sql(query, *parameters)[0][0])


def _shop(stack: Stack, scenario: str) -> str:
    return _one(stack, "SELECT public_id FROM shops_shop WHERE name_en = %s", shop_of(scenario, READER)[1])


def _case(stack: Stack, state: str, column: str = "public_id", service: str = "licensing.renewal") -> str:
    return _one(
        stack,
        f"SELECT c.{column} FROM cases_case c JOIN accounts_user u ON u.id = c.applicant_id "
        "WHERE u.name_en = %s AND c.state = %s AND c.service = %s ORDER BY c.id DESC",
        READER,
        state,
        service,
    )


def _boards(state: str) -> Callable[[Visitor], object]:
    return lambda v: v.go(f"cases/{_case(v.stack, state, service='licensing.boards')}/")


def _board(v: Visitor) -> None:
    v.go(f"boards/{_one(v.stack, 'SELECT public_id FROM licensing_board WHERE first_day IS NOT NULL ORDER BY id')}/")


def _bill(stack: Stack, state: str) -> str:
    return _one(stack, "SELECT public_id FROM payments_bill WHERE subject = %s", f"case:{_case(stack, state)}")


def _code(stack: Stack, state: str) -> str:
    return _one(stack, "SELECT code FROM documents_document WHERE state = %s ORDER BY id DESC", state)


def _renewing(scenario: str) -> Callable[[Visitor], object]:
    return lambda v: v.go(f"health-licence/{_shop(v.stack, scenario)}/renew/")


def _renewal_with_errors(v: Visitor) -> None:
    _renewing("clean")(v)
    v.page.click("#form button.kp-btn--fill")
    v.page.wait_for_selector(".kp-errors")


def _sign_in_with_errors(v: Visitor) -> None:
    v.go("sign-in/")
    v.page.click("#form button.kp-btn--fill")
    v.page.wait_for_selector(".kp-errors")


def _waiting(v: Visitor) -> None:
    v.go("sign-in/")
    v.page.click("button[name=channel][value=qr]")
    v.arrive("/sign-in/waiting/$")


def _declined(v: Visitor) -> None:
    person = identity("Kamel Al-Jawi" if v.code == "ar" else "Rana Al-Sanawbar")  # three pushes to one phone are the limit
    v.go("sign-in/")
    v.page.fill("#id_civil_id", person.civil_id)
    v.page.click("#form button.kp-btn--fill")
    v.arrive("/sign-in/waiting/$")
    v.page.click("button[name=decision][value=decline]")
    v.page.wait_for_selector("main a.kp-btn--fill[href*='/sign-in/']")


def _away(v: Visitor) -> None:
    ask(f"{v.stack.mobile_id_url}/control/mode", {"mode": "down"})
    try:
        v.go("sign-in/")
        v.page.click("button[name=channel][value=qr]")
        v.page.wait_for_selector("main a.kp-btn--fill[href*='/sign-in/']")
    finally:
        ask(f"{v.stack.mobile_id_url}/control/mode", {"mode": "ok"})


def _tracked(v: Visitor) -> None:
    v.go("track/")
    v.page.fill("#id_reference", _case(v.stack, "issued", "reference"))
    v.page.fill("#id_last_four", identity(READER).civil_id[-4:])
    v.page.click("#form button.kp-btn--fill")
    v.page.wait_for_selector("#found")


def _track_missed(v: Visitor) -> None:
    v.go("track/")
    v.page.fill("#id_reference", _case(v.stack, "issued", "reference"))
    v.page.fill("#id_last_four", "0000")
    v.page.click("#form button.kp-btn--fill")
    v.page.wait_for_selector("main [role=alert]")


def _code_to_confirm(v: Visitor) -> None:
    v.go("profile/email/")
    v.page.fill("#id_address", f"rajiv.{v.code}@example.invalid")
    v.page.click("#form button.kp-btn--fill")
    v.arrive("/confirm/$")


def _expired_form(v: Visitor) -> None:
    v.go("sign-in/")
    v.context.clear_cookies()
    v.page.click("#form button.kp-btn--fill")
    v.page.wait_for_load_state()


@cache
def _pages_for_an_error_of_ours(stack: Stack) -> dict[str, str]:
    """Drawn by the portal's own code, since nothing in a healthy portal shows them."""
    drawn = stack.manage(
        "shell",
        "--no-imports",
        "-c",
        "import json; from django.test import RequestFactory; from municipality.ui.errors import server_error; "
        "print(json.dumps({c: server_error(RequestFactory().get(f'/{c}/')).content.decode() for c in ('ar', 'en')}))",
    )
    found: dict[str, str] = json.loads(drawn.stdout.splitlines()[-1])
    return found


def _broken(v: Visitor) -> None:
    html = _pages_for_an_error_of_ours(v.stack)[v.code]
    v.page.route("**/broken/", lambda route: route.fulfill(status=500, content_type="text/html; charset=utf-8", body=html))
    v.go("broken/")


def _plot(stack: Stack) -> tuple[int, str, str]:
    """A plot of Hawalli's first block: key of the area, block, public id."""
    rows = stack.sql(
        "SELECT p.area_id, p.block, p.public_id FROM zoning_plot p JOIN places_area a ON a.id = p.area_id"
        " WHERE a.governorate_id = 'HA' AND p.block = '1' AND p.valid_to IS NULL ORDER BY p.id LIMIT 1"
    )
    return rows[0]  # type: ignore[no-any-return]


def _at_staff_code(v: Visitor) -> None:
    from tests.journeys.staff import to_the_code

    v.go("")  # the staff door takes the language last read
    to_the_code(v, "supervisor")


def _last_message(v: Visitor) -> None:
    v.go("messages/")
    v.page.locator("main li a").first.click()
    v.arrive("/messages/.+/$")


def _last_receipt(v: Visitor) -> None:
    token = _one(
        v.stack,
        "SELECT a.token FROM payments_attempt a JOIN accounts_user u ON u.id = a.started_by_id "
        "WHERE u.name_en = %s AND a.state = 'paid' ORDER BY a.id DESC",
        READER,
    )
    v.go("")
    v.go(f"/pay/r/{token}")


def _after(path: str) -> Callable[[Visitor], object]:
    """A page outside the language prefix, in the visitor's language."""

    def opening(v: Visitor) -> None:
        v.page.goto(f"{v.stack.base_url}{path}?_language={v.code}")

    return opening


def _verdict(state: str) -> Callable[[Visitor], object]:
    return lambda v: v.page.goto(f"{v.stack.base_url}/verify/{_code(v.stack, state)}?_language={v.code}")


def _admin(path: str) -> Callable[[Visitor], object]:
    return lambda v: v.go(f"/admin/{path}")


def _difference(v: Visitor) -> None:
    """One that the commercial register was asked for; it answers within seconds."""
    from tools.stack.running import wait_until

    v.go("/admin/commercial/")
    first = v.page.locator("main tbody a").first
    if not first.count():
        v.page.click("button[name=step][value=ask]")
        wait_until(lambda: v.go("/admin/commercial/") and first.count(), 60, "a difference")
    first.click()
    v.arrive("/admin/commercial/.+/$")


PUBLIC = (
    PageOf("home", lambda v: v.go("")),
    PageOf("advertisement licence", lambda v: v.go("boards/")),
    PageOf("a board", _board),
    PageOf("what boards cost", lambda v: v.go(f"boards/costs/?boards=2&{BOARD}")),
    PageOf("health licence", lambda v: v.go("health-licence/")),
    PageOf("new health licence", lambda v: v.go("health-licence/new/")),
    PageOf("the queue", lambda v: v.go("queue/")),
    PageOf("status", lambda v: v.go("status/")),
    PageOf("privacy", lambda v: v.go("privacy/")),
    PageOf("accessibility", lambda v: v.go("accessibility/")),
    PageOf("sign in", lambda v: v.go("sign-in/")),
    PageOf("sign in with errors", _sign_in_with_errors, status=400, is_answer=True),
    PageOf("waiting for the phone", _waiting, is_answer=True),
    PageOf("declined", _declined, is_answer=True),
    PageOf("mobile id away", _away, status=503, is_answer=True),
    PageOf("find a shop", lambda v: v.go("shops/")),
    PageOf("shops found", lambda v: v.go("shops/?q=صالون&governorate=HA")),
    PageOf("no shop found", lambda v: v.go("shops/?q=زقزقوقة")),
    PageOf("search of shops with errors", lambda v: v.go("shops/?q=x&governorate=XX&area=x")),
    PageOf("a shop", lambda v: v.go(f"shops/{_shop(v.stack, 'clean')}/")),
    PageOf("find a plot", lambda v: v.go("zoning/")),
    PageOf("plots of a block", lambda v: v.go("zoning/?area={}&block={}".format(*_plot(v.stack)))),
    PageOf("a plot with an answer", lambda v: v.go(f"plots/{_plot(v.stack)[2]}/?activity=WSAL&floor=0")),
    PageOf("where it may open", lambda v: v.go(f"zoning/where/?activity=WSAL&floor=0&area={_plot(v.stack)[0]}")),
    PageOf("where it may open in a block", lambda v: v.go("zoning/where/?activity=WSAL&floor=0&area={}&block={}".format(*_plot(v.stack)))),
    PageOf("bodies that stayed silent", lambda v: v.go("zoning/silence/")),
    PageOf("open data", lambda v: v.go("open-data/")),
    PageOf("what somebody follows", lambda v: v.go("follows/"), READER),
    PageOf("follow a shop", lambda v: v.go(f"shops/{_shop(v.stack, 'clean')}/follow/"), READER),
    PageOf("track", lambda v: v.go("track/")),
    PageOf("tracked", _tracked, is_answer=True),
    PageOf("track missed", _track_missed, is_answer=True),
    PageOf("check", _after("/verify/")),
    PageOf("check: valid", _verdict("active")),
    PageOf("check: suspended", _verdict("suspended")),
    PageOf("check: revoked", _verdict("revoked")),
    PageOf("check: superseded", _verdict("superseded")),
    PageOf("check: none", _after("/verify/00000000000000000000"), status=404),
    PageOf("payment without a name", _after("/pay/r/unknown")),
    PageOf("error of the bank", lambda v: v.page.goto(f"{v.stack.base_url}/pay/knet/error?Error=IPAY0100055&_language={v.code}")),
    PageOf("no such page", lambda v: v.go("nothing-here/"), status=404),
    PageOf("form too old", _expired_form, status=403, is_answer=True),
    PageOf("error of ours", _broken, status=500, is_answer=True),
    PageOf("staff door", _after("/staff/sign-in/")),
    PageOf("staff code", _at_staff_code, is_answer=True),
)
OWN = tuple(
    PageOf(name, opening, READER, **more)  # type: ignore[arg-type]
    for name, opening, more in (
        ("my shops", lambda v: v.go("my-shops/"), {}),
        ("codes of my shops", lambda v: v.go("my-shops/codes/"), {}),
        ("renew", _renewing("clean"), {}),
        ("renew with errors", _renewal_with_errors, {"is_answer": True}),
        ("renew: food", _renewing("food"), {}),
        ("renew: blocked", _renewing("blocked"), {}),
        ("renew: changed", _renewing("changed"), {}),
        ("a renewal with changes", lambda v: v.go(f"health-licence/{_shop(v.stack, 'changed')}/changes/"), {}),
        ("the licence of a shop", lambda v: v.go(f"health-licence/{_shop(v.stack, 'changed')}/"), {}),
        ("a change of the licence", lambda v: v.go(f"health-licence/{_shop(v.stack, 'changed')}/change/"), {}),
        ("a duplicate", lambda v: v.go(f"health-licence/{_shop(v.stack, 'changed')}/duplicate/"), {}),
        ("a transfer", lambda v: v.go(f"health-licence/{_shop(v.stack, 'changed')}/transfer/"), {}),
        ("the end of a licence", lambda v: v.go(f"health-licence/{_shop(v.stack, 'changed')}/cancel/"), {}),
        ("my requests", lambda v: v.go("my-requests/"), {}),
        ("my contests of layers", lambda v: v.go("zoning/contests/"), {}),
        ("request that waits for payment", lambda v: v.go(f"cases/{_case(v.stack, 'awaiting_payment')}/"), {}),
        ("request with its licence", lambda v: v.go(f"cases/{_case(v.stack, 'issued')}/"), {}),
        ("request for boards that is studied", _boards("in_review"), {}),
        ("request for boards with corrections", _boards("corrections"), {}),
        ("licensed boards", _boards("issued"), {}),
        ("ask for a new health licence", lambda v: v.go("health-licence/new/request/"), {}),
        ("ask for boards", lambda v: v.go(f"boards/new/{_shop(v.stack, 'clean')}/"), {}),
        ("withdraw", lambda v: v.go(f"cases/{_case(v.stack, 'awaiting_payment')}/withdraw/"), {}),
        ("bill", lambda v: v.go(f"pay/{_bill(v.stack, 'awaiting_payment')}/"), {}),
        ("paid bill", lambda v: v.go(f"pay/{_bill(v.stack, 'issued')}/"), {}),
        ("receipt", _last_receipt, {}),
        ("messages", lambda v: v.go("messages/"), {}),
        ("message", _last_message, {}),
        ("profile", lambda v: v.go("profile/"), {}),
        ("e-mail address", lambda v: v.go("profile/email/"), {}),
        ("phone number", lambda v: v.go("profile/phone/"), {}),
        ("code to confirm", _code_to_confirm, {"is_answer": True}),
        ("sessions", lambda v: v.go("profile/sessions/"), {}),
        ("delegations", lambda v: v.go("delegations/"), {}),
        ("let somebody act", lambda v: v.go("delegations/give/"), {}),
        ("who looked", lambda v: v.go("profile/looks/"), {}),
        ("claim a shop", lambda v: v.go("claims/"), {}),
        ("order an opinion", lambda v: v.go(f"plots/{_plot(v.stack)[2]}/opinion/"), {}),
        ("no access", lambda v: (v.go(""), v.go("/admin/")), {"status": 403}),
    )
)
ADMIN = tuple(
    PageOf(f"admin of {login}: {path or 'index'}", _admin(path), f"staff:{login}")
    for login, path in (
        ("auditor", ""),
        ("auditor", "cases/case/"),
        ("auditor", "audit/auditevent/"),
        ("auditor", "audit/accesslogentry/"),
        ("auditor", "accounts/user/"),
        ("supervisor", "accounts/organisation/"),
        ("supervisor", "delegation/delegation/"),
        ("counter", ""),
        ("operator", "jobs/job/"),
        ("operator", "notifications/delivery/"),
        ("officer.ku", "cases/case/"),
        ("officer.ku", ""),
        ("officer.ku", "desk/absence/"),
        ("supervisor", ""),
        ("supervisor", "desk/sign/"),
        ("supervisor", "desk/board/"),
        ("supervisor", "desk/people/"),
        ("auditor", "desk/conflicts/"),
        ("rule.maker", "rulebook/ruleset/"),
        ("planner", ""),
        ("planner", "plots/layers/"),
        ("planner", "plots/contests/"),
        ("planner", "opinions/tasks/"),
        ("plots.clerk", ""),
        ("register.keeper", ""),
        ("register.keeper", "commercial/"),
        ("register.keeper", "commercial/?past=1"),
    )
)
ADMIN += (PageOf("admin of register.keeper: a difference", _difference, "staff:register.keeper"),)


def every_page() -> Iterator[tuple[str, PageOf]]:
    """Each page in both languages; the admin is Arabic first and is read in Arabic."""
    for page in (*PUBLIC, *OWN):
        yield "ar", page
        yield "en", page
    for page in ADMIN:
        yield "ar", page
