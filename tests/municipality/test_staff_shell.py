"""The shell of the staff pages: menu, first page, search, language."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.cases.models import Case
from municipality.cases.roles import READS, ensure_roles
from municipality.kernel.registry import Registry
from municipality.ui import staff_menu
from municipality.ui.staff_menu import MENU, StaffEntry
from tests import serving, staff_links
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
ROLES = [(), *((role,) for role in READS), ("officer", "supervisor"), ("violation_clerk", "court_clerk")]


def staff(*roles: str, branch: str | None = "HA") -> Client:
    ensure_roles()
    return signed_in(StaffFactory(groups=list(roles), branch_id=branch))


def soup(client: Client, page: str = "/admin/") -> BeautifulSoup:
    return BeautifulSoup(client.get(page).content, "html.parser")


@pytest.mark.parametrize("roles", ROLES, ids="-".join)
@pytest.mark.parametrize("branch", ["HA", None])
def test_every_link_of_home_and_menu_opens(rules: None, roles: tuple[str, ...], branch: str | None) -> None:
    client = staff(*roles, branch=branch)
    assert len(staff_links.links(client)) > 3
    assert staff_links.refused(client) == {}


def test_an_entry_for_everybody_that_few_may_open_would_be_found(rules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    careless: Registry[StaffEntry] = Registry()
    careless.update({**MENU, "careless": StaffEntry("work", "x", "admin:lost_keys")})
    monkeypatch.setattr(staff_menu, "MENU", careless)
    assert staff_links.refused(staff("officer")) == {"/admin/lost-keys/": 403}


@pytest.mark.parametrize("roles", ROLES, ids="-".join)
def test_home_has_one_filled_button_and_asks_little(rules: None, roles: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    serving.warm(monkeypatch)
    client = staff(*roles)
    page = soup(client)
    # An inspector without a warrant of today, an officer with an empty queue and intake without reports have nothing to do.
    has_work = roles and roles not in [("inspector",), ("intake",)] and "officer" not in roles
    assert len(page.select(".kp-fill")) == (1 if has_work else 0)
    with CaptureQueriesContext(connection) as asked:
        client.get("/admin/")
    # Whoever is officer and supervisor has the work of both.
    assert len(asked) <= 12 + ({"officer", "supervisor"} <= {*roles}), [query["sql"][:120] for query in asked.captured_queries]


def test_the_menu_is_by_task_and_draws_no_empty_group(rules: None) -> None:
    menus = {role: soup(staff(role)).select("#menu details") for role in ("officer", "cashier")}
    titles = {role: [section.h2.get_text(strip=True) for section in menu if section.h2] for role, menu in menus.items()}
    assert titles["officer"] == ["عملي", "القواعد", "للرجوع إليه"]
    assert [title for title in titles["cashier"] if title not in titles["officer"]] == ["المبالغ"]
    assert all(section.select("li") for menu in menus.values() for section in menu)


def test_the_menu_says_where_one_is_and_no_list_of_models_is_left(rules: None) -> None:
    client = staff("auditor")
    page = soup(client, "/admin/payments/bill/")
    assert [a.get_text(strip=True) for a in page.select("#menu [aria-current=page]")] == ["الفواتير"]
    assert not page.select("#nav-sidebar, .app-payments.module, a[href='/admin/payments/']")
    assert page.select("[popovertarget=menu]") and page.select("#menu[popover]") and page.select("#me[popover]")


def test_people_of_other_roles_and_other_pages_have_a_menu_of_their_own(rules: None) -> None:
    officer, both = staff("officer"), staff("officer", "supervisor")
    visits = [(officer, "/admin/desk/absence/"), (both, "/admin/desk/absence/"), (both, "/admin/desk/board/"), (both, "/admin/")]
    drawn = []
    for visit in (visits, visits[::-1]):
        caches["template_fragments"].clear()
        menus = [[(a["href"], a.get("aria-current")) for a in soup(*one).select("#menu a")] for one in visit]
        drawn.append(menus if visit is visits else menus[::-1])
    assert drawn[0] == drawn[1]
    assert len({str(menu) for menu in drawn[0]}) == len(visits)


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown group"):
        staff_menu.register("test", StaffEntry("nowhere", "x", "admin:index"))


def test_the_search_leads_to_what_the_person_may_open(rules: None, case: Case) -> None:
    found = staff("auditor").get("/admin/find/", {"q": f" {case.reference.lower()} "})
    assert found.status_code == 302 and found["Location"] == f"/admin/cases/case/{case.pk}/change/"
    for client, number in ((staff("officer"), case.reference), (staff("operator"), "HL-2026-000000-X"), (staff("cashier"), "x" * 90)):
        page = client.get("/admin/find/", {"q": number})
        assert page.status_code == 200 and "لا توجد صفحة" in page.content.decode()


def test_the_search_takes_any_digits_and_an_empty_one_explains_itself(rules: None, case: Case) -> None:
    client = staff("auditor")
    typed = case.reference.translate({ord(str(digit)): "٠١٢٣٤٥٦٧٨٩"[digit] for digit in range(10)})
    assert client.get("/admin/find/", {"q": typed}).status_code == 302
    assert "يُكتب الرقم كاملاً" in client.get("/admin/find/").content.decode()


def test_the_staff_pages_are_arabic_until_their_own_switch_says_otherwise(rules: None) -> None:
    client = staff("auditor")
    client.cookies["django_language"] = "en"
    page = soup(client, "/admin/cases/case/?standing=open")
    assert page.html is not None and page.html["lang"] == "ar"
    switch = page.select_one(".kp-lang")
    assert switch is not None
    answer = client.get(str(switch["href"]))
    assert (answer.status_code, answer["Location"]) == (302, "/admin/cases/case/?standing=open")
    assert answer.cookies["staff_language"].value == "en" and "django_language" not in answer.cookies
    english = soup(client, answer["Location"])
    assert english.html is not None and english.html["lang"] == "en" and english.h1 is not None
    assert english.h1.get_text(strip=True) == "Requests"


def test_the_language_chosen_at_the_sign_in_holds_on_the_staff_pages(rules: None) -> None:
    client = staff("auditor")
    door = Client()
    answer = door.get("/staff/sign-in/?_language=en")
    assert answer.cookies["staff_language"].value == "en" and "django_language" not in answer.cookies
    assert soup(door, "/staff/sign-in/").html["lang"] == "en"  # type: ignore[index]
    client.cookies["staff_language"] = door.cookies["staff_language"].value
    assert soup(client).html["lang"] == "en"  # type: ignore[index]


def test_the_key_of_the_next_thing_is_no_number_on_its_button(rules: None) -> None:
    button = soup(staff("supervisor"), "/admin/").select_one(".kp-fill")
    assert button is not None and button["aria-keyshortcuts"] == "1" and "1" not in button.get_text()


def test_a_made_up_language_of_the_staff_pages_is_arabic(rules: None) -> None:
    client = staff("auditor")
    client.cookies["staff_language"] = "xx"
    html = soup(client).html
    assert html is not None and html["lang"] == "ar"
