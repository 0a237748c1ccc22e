"""What only a browser can show: focus, one submission for one press, narrow screens, pages without JavaScript."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

# The browser's driver runs an event loop in this thread, which makes Django refuse its own database calls.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


# Tags of which the words run out of the shape, or the shape out of what stands around it.
CUT_OFF = """[...document.querySelectorAll(".kp-tag")].filter((tag) => {
  const box = tag.getBoundingClientRect(), around = tag.closest("li, td, p, .kp-row").getBoundingClientRect();
  return tag.scrollWidth > Math.ceil(tag.clientWidth) + 1 || box.left < around.left - 1 || box.right > around.right + 1;
}).map((tag) => tag.textContent)"""


# Messages of staff, and a narrow table with a long caption, in the styles of the admin.
STAFF_PAGE = """<!doctype html><html dir="{way}"><link rel="stylesheet" href="/static/admin/css/base.css">
  <link rel="stylesheet" href="/static/css/tokens.css"><link rel="stylesheet" href="/static/css/admin.css">
  <ul class="messagelist"><li class="success">x</li><li class="warning">x</li><li class="error">x</li></ul>
  <div class="kp-scroll"><table><caption><span>What this edition changes in the one before it</span></caption>
    <tr><td>1</td></tr></table></div>
  <link rel="stylesheet" href="/static/css/desk.css">
  <section class="kp-desk-card"><h2>x</h2><h3>x</h3><form><button>x</button></form><h3 id="next">x</h3></section>"""


@pytest.fixture
def chromium(browser: Browser) -> Browser:
    """The browser of the whole run."""
    return browser


def test_focus_goes_to_the_error_summary_and_the_title_says_error(chromium: Browser, live_server: Any) -> None:
    for script in (True, False):
        page = chromium.new_context(java_script_enabled=script).new_page()
        page.goto(f"{live_server}/ar/probe/")
        page.click("main button[type=submit]")
        page.wait_for_selector(".kp-errors")
        assert page.title().startswith("خطأ: ")
        expect(page.locator(".kp-errors:focus")).to_have_count(1)
        page.context.close()


def test_the_language_switch_brings_answers_and_focus_along(chromium: Browser, live_server: Any) -> None:
    page = chromium.new_context(viewport={"width": 360, "height": 800}).new_page()
    page.goto(f"{live_server}/ar/probe/")
    page.fill("#id_note", "نص")
    page.click("button.kp-lang")
    page.wait_for_url("**/en/probe/")
    assert page.input_value("#id_note") == "نص"
    expect(page.locator("#id_note:focus")).to_have_count(1)
    expect(page.locator(".kp-errors")).to_have_count(0)
    page.context.close()


def test_what_is_hidden_until_a_script_shows_it_is_hidden_whatever_its_class(chromium: Browser, live_server: Any) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{live_server}/ar/probe/")
    for name in ("kp-btn", "kp-btn kp-btn--wide", "kp-card kp-stack", "kp-row", "kp-notice"):
        page.evaluate("name => document.querySelector('main').insertAdjacentHTML('beforeend', `<div id=new class='${name}'>x</div>`)", name)
        expect(page.locator("#new")).to_be_visible()
        page.evaluate("document.querySelector('#new').hidden = true")
        expect(page.locator("#new")).to_be_hidden()
        page.evaluate("document.querySelector('#new').remove()")
    page.context.close()


@pytest.mark.parametrize(("guarded", "sendings"), [(True, 1), (False, 2)], ids=["guarded", "control without the script"])
def test_a_form_is_sent_once_however_often_it_is_pressed(chromium: Browser, live_server: Any, guarded: bool, sendings: int) -> None:
    page = chromium.new_context().new_page()
    if not guarded:
        page.route("**/portal.js", lambda route: route.abort())
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{live_server}/en/probe/")
    page.evaluate(
        """() => {
            const button = document.querySelector("main button[type=submit]");
            button.click();
            setTimeout(() => button.click(), 1);  // the page that answers may be there before anything could be waited for
        }"""
    )
    page.wait_for_selector(".kp-errors")  # of the answer; what was sent before it has been noted
    assert len(sent) == sendings
    page.context.close()


def test_a_form_can_be_sent_again_after_going_back(chromium: Browser, live_server: Any) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{live_server}/en/probe/")
    page.click("main button[type=submit]")
    page.wait_for_selector(".kp-errors")
    page.go_back()
    assert page.locator("main button[type=submit]").is_enabled()
    page.click("main button[type=submit]")
    page.wait_for_selector(".kp-errors")
    page.context.close()


def test_a_sent_form_ends_the_asking_of_a_page_that_waits(chromium: Browser, live_server: Any) -> None:
    """A sign-in replaces the session: the answer to a question asked with the old one would delete the new cookie."""
    page = chromium.new_context().new_page()
    waits = """<div data-poll="/state" data-poll-seconds="0.1"></div><form method="post" action="/answer"><button>OK</button></form>
      <script type="module" src="/static/js/portal.js"></script>"""
    page.route("**/waits", lambda route: route.fulfill(body=waits, content_type="text/html"))
    page.route("**/state", lambda route: None)  # no answer yet
    page.route("**/answer", lambda route: None)
    with page.expect_request("**/state"):
        page.goto(f"{live_server}/waits")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/state")) as ended:
        page.click("button", no_wait_after=True)
    assert ended.value.failure
    page.context.close()


@pytest.mark.parametrize("code", ["ar", "en"])
def test_nothing_is_wider_than_a_narrow_screen(chromium: Browser, live_server: Any, code: str) -> None:
    page = chromium.new_context(viewport={"width": 320, "height": 700}).new_page()
    for path in ("gallery/", "probe/", "nothing/"):
        page.goto(f"{live_server}/{code}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    page.context.close()


@pytest.mark.parametrize("code", ["ar", "en"])
def test_a_tag_of_any_state_fits_a_narrow_screen(chromium: Browser, live_server: Any, code: str) -> None:
    page = chromium.new_context(viewport={"width": 320, "height": 700}, bypass_csp=True).new_page()
    page.goto(f"{live_server}/{code}/tags/")
    page.evaluate("document.fonts.ready")
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert page.evaluate(CUT_OFF) == [], width
    page.set_viewport_size({"width": 320, "height": 700})
    page.add_style_tag(content=".kp-tag { white-space: nowrap !important }")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0, "the control: a tag in one line is too wide"
    page.context.close()


def test_only_this_host_is_asked_and_nothing_fails(chromium: Browser, live_server: Any) -> None:
    page = chromium.new_context().new_page()
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.goto(f"{live_server}/ar/gallery/")
    page.evaluate("async () => { await document.fonts.ready; }")
    assert [url for url in asked if not url.startswith(str(live_server))] == []
    assert failed == []
    faces = page.evaluate("[...document.fonts].filter((face) => face.status === 'loaded').map((face) => face.family.replaceAll('\"', ''))")
    assert faces.count("Portal Sans") == 2
    page.context.close()


@pytest.mark.parametrize(("way", "position"), [("ltr", "14.4px 50%"), ("rtl", "calc(100% - 14.4px) 50%")])
def test_on_a_page_of_staff_icons_stand_beside_their_words_and_a_caption_in_one_line(
    chromium: Browser, live_server: Any, way: str, position: str
) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 700}).new_page()
    page.route("**/staff-page", lambda route: route.fulfill(body=STAFF_PAGE.format(way=way), content_type="text/html"))
    page.goto(f"{live_server}/staff-page")
    places = page.evaluate("[...document.querySelectorAll('li')].map((line) => getComputedStyle(line).backgroundPosition)")
    assert places == [position] * 3
    below = "document.querySelector('#next').getBoundingClientRect().top - document.querySelector('form').getBoundingClientRect().bottom"
    assert page.evaluate(below) >= 24, "a heading stands apart from the form above it"
    assert page.locator("caption span").evaluate("words => words.getClientRects().length") == 1
    page.context.close()
