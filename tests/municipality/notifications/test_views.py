"""The inbox in both languages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.translation import gettext

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.notifications import mail, sent_texts, services, views
from municipality.notifications.models import Delivery, Message
from municipality.notifications.queries import inbox
from municipality.notifications.templatetags.message_words import marked, marked_line
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory

pytestmark = pytest.mark.django_db


def message(to: User, number: int = 1, **fields: str) -> Message:
    texts = {
        "title_ar": f"صدرت الرخصة HLT-HW-2026-{number:06d}-K",
        "title_en": f"Licence HLT-HW-2026-{number:06d}-K is issued",
        "body_ar": "رخصة مطعم الخليج جاهزة.\n\nيُرجى طباعتها.",
        "body_en": "The licence of مطعم الخليج is ready.\n\nPlease print it.",
        "short_ar": "صدرت",
        "short_en": "Issued",
        "path": "/messages/",
    }
    row = Message.objects.create(person=to, kind="testing.greeting", key=str(number), created_at=clock.now(), **(texts | fields))
    Delivery.objects.create(message=row, channel="sms", state="skipped", reason="no_address")
    return row


@pytest.mark.parametrize(("language", "said"), [("ar", "صدرت الرخصة"), ("en", "is issued")])
def test_the_inbox_shows_each_message_in_the_language_of_the_page(language: str, said: str) -> None:
    salim = PersonFactory()
    message(salim)
    page = signed_in(salim).get(f"/{language}/messages/").content.decode()
    assert said in page
    assert ('<bdi dir="ltr">HLT-HW-2026-000001-K</bdi>' in page) == (language == "ar")


def test_opening_a_message_marks_it_as_read() -> None:
    salim = PersonFactory()
    row = message(salim)
    client = signed_in(salim)
    unread = client.get("/en/messages/").content.decode()
    assert "kp-tag--ok" in unread and "New" in unread
    page = client.get(f"/en/messages/{row.public_id}/").content.decode()
    assert '<bdi lang="ar" data-term>مطعم الخليج</bdi> is ready.' in page
    assert 'href="/en/messages/"' in page
    read = client.get("/en/messages/").content.decode()
    assert "kp-tag--ok" not in read
    row.refresh_from_db()
    first = row.read_at
    client.get(f"/en/messages/{row.public_id}/")
    row.refresh_from_db()
    assert row.read_at == first


def test_a_stranger_finds_nothing_and_nothing_is_marked() -> None:
    row = message(PersonFactory())
    assert signed_in(PersonFactory(civil_id=NOURA)).get(f"/ar/messages/{row.public_id}/").status_code == 404
    assert signed_in(StaffFactory(groups=["officer"])).get(f"/ar/messages/{row.public_id}/").status_code in {403, 404}
    row.refresh_from_db()
    assert row.read_at is None


def test_nobody_is_asked_to_sign_in(client: object) -> None:
    answer = client.get("/ar/messages/")  # type: ignore[attr-defined]
    assert answer.status_code == 302


def test_an_empty_inbox_says_so() -> None:
    page = signed_in(PersonFactory()).get("/en/messages/").content.decode()
    assert "No messages yet" in page


def test_older_messages_follow_page_by_page_and_none_is_lost() -> None:
    salim = PersonFactory()
    for number in range(1, 62):
        message(salim, number)
    message(PersonFactory(civil_id=NOURA), 99)
    client = signed_in(salim)
    address, seen = "/en/messages/", []
    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r"HLT-HW-2026-(\d{6})", page)
        older = re.search(r'href="(/en/messages/\?before=[^"]+)"', page)
        address = older[1] if older else ""
    assert [int(number) for number in seen] == list(range(61, 0, -1))


def test_the_inbox_stands_in_the_order_of_its_days_whatever_was_entered_first() -> None:
    """A past that is entered afterwards, such as the demo's, has its rows in another order; some messages have the same instant."""
    salim, now = PersonFactory(), clock.now()
    for number in range(60):
        with clock.at(now - dt.timedelta(days=number // 2)):
            message(salim, number)
    first = inbox(salim)
    second = inbox(salim, first.older_than)
    third = inbox(salim, second.older_than)
    listed = [*first.messages, *second.messages, *third.messages]
    days = [one.created_at for one in listed]
    assert len({one.pk for one in listed}) == 60 and third.older_than == "" and days == sorted(days, reverse=True)
    assert [one.pk for one in listed] != sorted((one.pk for one in listed), reverse=True), "the control: by rows it was another order"


@pytest.mark.parametrize("count", [1, 60])
def test_the_inbox_takes_few_queries_however_many_messages(count: int) -> None:
    salim = PersonFactory()
    for number in range(count):
        message(salim, number)
    client = signed_in(salim)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/ar/messages/").status_code == 200
    assert len(queries) <= 12


def test_foreign_parts_are_marked_and_markup_is_not_believed() -> None:
    with translation.override("ar"):
        assert marked_line("رخصة HLT-HW-2026-1-K صالحة 24 شهرا.") == 'رخصة <bdi dir="ltr">HLT-HW-2026-1-K</bdi> صالحة 24 شهرا.'
        assert marked_line("مطعم Gulf Grill & <b>") == 'مطعم <bdi dir="ltr">Gulf Grill</bdi> &amp; &lt;<bdi dir="ltr">b</bdi>&gt;'
        assert marked("أولا\nثانيا\n\nثالثا") == "<p>أولا<br>ثانيا</p><p>ثالثا</p>"
    with translation.override("en"):
        assert marked_line("See مطعم الخليج now") == 'See <bdi lang="ar" data-term>مطعم الخليج</bdi> now'


def check(user: User, text: str, language: str = "en") -> str:
    return signed_in(user).post(f"/{language}/messages/check/", {"text": text}).content.decode()


YES, NO = "We sent you this message", "This is not one of our messages to you"


def test_a_text_that_we_sent_is_known_by_each_way_in_which_it_comes(mailoutbox: list[Any]) -> None:
    salim = PersonFactory(language="en")
    row = message(salim)
    mail.send_message(row, to="salim@example.com", language="en", idempotency_key="1")
    [letter] = mailoutbox
    in_html = strip_tags(letter.alternatives[0][0])
    arabic = f"{row.title_ar}\n{row.body_ar}".translate({ord(str(number)): digit for number, digit in enumerate("٠١٢٣٤٥٦٧٨٩")})
    for text in (services.sms_text(row, "ar"), services.sms_text(row, "en", although_off=True), letter.body, in_html, row.body_en, arabic):
        page = check(salim, f"  {text}\n")
        assert YES in page and NO not in page and f"/en/messages/{row.public_id}/" in page, text
    assert "أرسلنا إليك هذه الرسالة" in check(salim, row.short_ar, "ar")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("000001", "000002"),
        lambda text: text + "\nhttps://kuwait-portal.example.com/pay",
        lambda text: text.replace("/messages/", "/pay/"),
        lambda text: "We never ask for your bank card or a password in a message.",
        lambda text: "Kuwait Municipality: pay 20 KD at once",
    ],
)
def test_a_changed_text_is_not_ours_with_a_warning_and_whom_to_tell(change: Callable[[str], str]) -> None:
    salim = PersonFactory()
    row = message(salim, short_en="Licence HLT-HW-2026-000001-K is issued")
    page = check(salim, change(services.sms_text(row, "en")))
    assert NO in page and YES not in page and 'href="tel:139"' in page


@pytest.mark.parametrize("way", ["title", "short"])
@pytest.mark.parametrize(("language", "button"), [("en", "Open in the portal"), ("ar", "فتح في البوابة")])
def test_a_title_with_the_button_of_an_e_mail_is_not_ours(way: str, language: str, button: str) -> None:
    """The address behind a button is lost where a text is copied."""
    salim = PersonFactory()
    row = message(salim, short_ar="صدرت رخصة", short_en="A licence is issued")
    with translation.override(language):
        assert gettext("Open in the portal") == button
    words = getattr(row, f"{way}_{language}")
    assert sent_texts.sent_with(salim, f"{words}\n{button}") is None
    assert sent_texts.sent_with(salim, f"{words}\n{getattr(row, f'body_{language}')}\n{button}") == (row if way == "title" else None)


def test_the_page_says_where_to_open_a_message_and_what_is_not_compared(rules: None) -> None:
    salim = PersonFactory()
    row = message(salim)
    assert "Open it here, not by a link in what you got" in check(salim, row.body_en)
    assert "تُفتح من هنا لا من رابط فيما وصلك" in check(salim, row.body_ar, "ar")
    code = "Kuwait Municipality: your confirmation code is 123456. Please give it to nobody."
    assert "A text with a code is not compared" in check(salim, code)
    assert "أما النص الذي فيه رمز فلا يُقارن" in check(salim, code, "ar")


def test_texts_are_compared_so_many_times_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "CHECKS", AttemptLimit("message_checks", 1, 3600))
    client = signed_in(PersonFactory())
    answers = [client.post("/en/messages/check/", {"text": "x"}) for _try in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429] and answers[1]["Retry-After"] == "3600"


def test_a_message_to_another_person_is_not_one_to_the_reader() -> None:
    row = message(PersonFactory())
    assert NO in check(PersonFactory(civil_id=NOURA), row.body_en)
