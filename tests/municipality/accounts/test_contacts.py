"""E-mail and phone are confirmed by codes."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.test import Client

from municipality.accounts.models import ContactCode, User
from municipality.accounts.services import contacts
from municipality.accounts.services.contacts import Contact, code_to_send
from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import TooMany
from municipality.notifications import services
from municipality.notifications.models import Message
from tests import browsers
from tests.due_jobs import run_due
from tests.factories.accounts import PersonFactory, UserFactory
from tests.municipality.accounts.conftest import Phones, address, enter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]
OLD, NEW = "96590000001", "96590000002"


@pytest.fixture
def user(db: None) -> User:
    return UserFactory(name_ar="نورة", name_en="Noura")


def send(user: User, to: str = "noura@mail.example", contact: Contact = "email") -> ContactCode:
    return contacts.send_code(user=user, contact=contact, address=to)


def test_a_right_code_puts_the_address_on_file(user: User) -> None:
    code = send(user)
    assert user.email == ""
    contacts.confirm(user=user, contact="email", typed=code_to_send(code.pk)[1])
    assert user.email == "noura@mail.example" and user.email_confirmed_at is not None
    assert AuditEvent.objects.filter(action="accounts.contact_confirmed", subject=user.key, data={"contact": "email"}).exists()


def test_the_other_contact_hears_that_one_was_replaced(user: User) -> None:
    def put(contact: Contact, to: str) -> int:
        contacts.confirm(user=user, contact=contact, typed=code_to_send(send(user, to, contact).pk)[1])
        return Job.objects.filter(kind="notifications.account", args__message="accounts.contact_changed").count()

    assert [put("phone", "+96565550101"), put("email", "noura@mail.example")] == [0, 0], "nothing was replaced"
    assert put("email", "noura@mail.example") == 0, "the same again"
    assert put("phone", "+96565550199") == 1
    run_due(("notifications.account",))
    told = Message.objects.get(person=user, kind="accounts.contact_changed")
    assert told.title_en == "Your e-mail address or phone was changed" and told.path == "/profile/"
    assert "0199" not in told.body_en + told.body_ar + told.short_en
    assert told.deliveries.filter(channel="email").exists(), "the lost phone's holder reads the e-mail"


class Gateway:
    """Keeps what it is given: number, text and key."""

    sent: ClassVar[list[tuple[str, str, str]]] = []

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        self.sent.append((to, text, idempotency_key))
        return str(len(self.sent))


@pytest.fixture
def told(user: User, settings: Any) -> list[tuple[str, str, str]]:
    """What the numbers got. The person has a phone and an e-mail address."""
    replace(user, "phone", OLD)
    replace(user, "email", "noura@mail.example")
    Gateway.sent = []
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    return Gateway.sent


def replace(user: User, contact: Contact, to: str) -> None:
    contacts.confirm(user=user, contact=contact, typed=code_to_send(send(user, to, contact).pk)[1])


def test_the_number_that_was_replaced_is_warned_once(user: User, told: list[tuple[str, str, str]]) -> None:
    replace(user, "phone", NEW)
    jobs = ("notifications.account", "notifications.deliver", "notifications.replaced")
    run_due(jobs)
    run_due(jobs)
    assert sorted(to for to, _text, _key in told) == sorted([OLD, NEW]), "before, the new number alone was told"
    job = Job.objects.get(kind="notifications.replaced")
    assert OLD not in str(job.args) and job.args.keys() == {"code_id"}
    services.warn_replaced(code_id=job.args["code_id"])
    assert len({key for to, _text, key in told if to == OLD}) == 1, "tried again it has the same key"
    text = next(text for to, text, _key in told if to == OLD)
    assert "/profile/" in text and NEW not in text


def test_a_change_that_is_undone_before_the_warning_is_told_once_to_each_number(user: User, told: list[tuple[str, str, str]]) -> None:
    replace(user, "phone", NEW)
    replace(user, "phone", OLD)
    run_due(("notifications.replaced",))
    assert [to for to, _text, _key in told] == [NEW], "the old number is the person's own again and has the message"


def test_an_e_mail_address_that_was_replaced_is_warned(user: User, told: list[tuple[str, str, str]]) -> None:
    replace(user, "email", "thief@mail.example")
    run_due(("notifications.replaced",))
    (letter,) = mail.outbox
    assert letter.to == ["noura@mail.example"] and "thief" not in str(letter.message())


def test_a_closed_account_gets_neither_warning_nor_code(user: User, told: list[tuple[str, str, str]]) -> None:
    replace(user, "phone", NEW)
    code = send(user, "96590000003", "phone")
    User.objects.filter(pk=user.pk).update(is_active=False)
    run_due(("notifications.replaced", "notifications.account", "notifications.deliver"))
    services.deliver_code(user_id=user.pk, channel="sms", code_id=code.pk)
    assert told == [] and mail.outbox == []


def test_arabic_digits_are_taken(user: User) -> None:
    typed = code_to_send(send(user).pk)[1].translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    contacts.confirm(user=user, contact="email", typed=f" {typed[:3]} {typed[3:]}\u200f")
    assert user.email_confirmed_at is not None


def test_code_and_address_stand_nowhere_in_clear(user: User) -> None:
    code = send(user)
    text = code_to_send(code.pk)[1]
    assert re.fullmatch(r"\d{6}", text)
    job = Job.objects.get(kind="notifications.code")
    assert job.args == {"user_id": user.pk, "channel": "email", "code_id": code.pk}
    row = ContactCode.objects.get(pk=code.pk)
    assert text not in row.code_cipher and text not in row.code_hash


def test_a_code_serves_once(user: User) -> None:
    text = code_to_send(send(user).pk)[1]
    contacts.confirm(user=user, contact="email", typed=text)
    with pytest.raises(contacts.CodeOver):
        contacts.confirm(user=user, contact="email", typed=text)
    assert code_to_send(ContactCode.objects.get().pk)[1] == ""


def test_a_code_serves_ten_minutes(user: User) -> None:
    code = send(user)
    text = code_to_send(code.pk)[1]
    with clock.at(clock.now() + dt.timedelta(minutes=10)):
        assert code_to_send(code.pk)[1] == ""
        with pytest.raises(contacts.CodeOver):
            contacts.confirm(user=user, contact="email", typed=text)


def test_after_five_wrong_tries_the_right_code_is_refused(user: User) -> None:
    text = code_to_send(send(user).pk)[1]
    wrong = f"{(int(text) + 1) % 1_000_000:06d}"
    for _ in range(4):
        with pytest.raises(contacts.WrongCode):
            contacts.confirm(user=user, contact="email", typed=wrong)
    with pytest.raises(contacts.CodeOver):
        contacts.confirm(user=user, contact="email", typed=wrong)
    with pytest.raises(contacts.CodeOver):
        contacts.confirm(user=user, contact="email", typed=text)
    # Red control: with the tries forgotten the same code is right.
    ContactCode.objects.update(tries=0)
    contacts.confirm(user=user, contact="email", typed=text)
    assert user.email_confirmed_at is not None


def test_a_new_code_ends_the_former_one(user: User) -> None:
    first = send(user)
    text = code_to_send(first.pk)[1]
    second = send(user, "other@mail.example")
    assert code_to_send(first.pk)[1] == ""
    if text != code_to_send(second.pk)[1]:
        with pytest.raises(contacts.WrongCode):
            contacts.confirm(user=user, contact="email", typed=text)
    contacts.confirm(user=user, contact="email", typed=code_to_send(second.pk)[1])
    assert user.email == "other@mail.example"


def test_a_code_of_somebody_else_confirms_nothing(user: User) -> None:
    stranger = UserFactory(name_ar="غريب", name_en="Stranger")
    text = code_to_send(send(user).pk)[1]
    with pytest.raises(contacts.CodeOver):
        contacts.confirm(user=stranger, contact="email", typed=text)


def test_three_codes_an_hour_for_one_address_whoever_asks(user: User) -> None:
    people = [UserFactory() for _ in range(4)]
    for person in people[:3]:
        send(person, "+96550000001", "phone")
    with pytest.raises(TooMany):
        send(people[3], "+96550000001", "phone")
    with clock.at(clock.now() + dt.timedelta(hours=1, seconds=1)):
        send(people[3], "+96550000001", "phone")


def test_ten_codes_a_day_for_one_address(user: User) -> None:
    start = clock.now()
    sent = 0
    for hour in range(6):
        with clock.at(start + dt.timedelta(hours=hour, minutes=hour)):
            for _ in range(3):
                person = UserFactory()
                try:
                    send(person, "+96550000001", "phone")
                except TooMany:
                    continue
                sent += 1
    assert sent == 10


def test_ten_codes_an_hour_for_one_person_and_none_less_for_others_of_one_network(user: User) -> None:
    for number in range(10):
        send(user, f"+965500000{number:02d}", "phone")
    with pytest.raises(TooMany):
        send(user, "+96550000010", "phone")
    page = address("accounts:contact", "ar", "phone")
    answers = [browsers.signed_in(PersonFactory(civil_id="")).post(page, {"address": f"550001{number:02d}"}) for number in range(25)]
    assert {answer.status_code for answer in answers} == {302}, "one address is a whole mobile network"


def test_old_codes_are_forgotten(user: User) -> None:
    send(user)
    assert contacts.forget() == 0
    with clock.at(clock.now() + dt.timedelta(days=2)):
        assert contacts.forget() == 1


def test_both_contacts_over_the_pages_and_back_to_where_they_were_wanted(phones: Phones, client: Client) -> None:
    user = enter(client, phones, phones.people[0])
    wanted = address("accounts:sessions")
    client.get(address("accounts:profile"), {"next": wanted})
    suggested = client.get(address("accounts:contact", "ar", "phone")).content.decode()
    assert f'value="{phones.people[0].mobile.removeprefix("+965")}"' in suggested
    user.refresh_from_db()
    assert user.phone == ""  # a suggestion only
    for name, typed in (("email", "noura@mail.example"), ("phone", "٥٠٠٠ ١٢٣٤")):
        response = client.post(address("accounts:contact", "ar", name), {"address": typed})
        assert response["Location"] == address("accounts:confirm", "ar", name)
        text = code_to_send(ContactCode.objects.latest("pk").pk)[1]
        response = client.post(address("accounts:confirm", "ar", name), {"code": text})
        assert response["Location"] == (address("accounts:profile") if name == "email" else wanted)
    user.refresh_from_db()
    assert (user.email, user.phone, user.is_reachable) == ("noura@mail.example", "+96550001234", True)


@pytest.mark.parametrize(
    ("name", "typed"), [("email", "noura"), ("email", ""), ("phone", "123"), ("phone", "22445566"), ("phone", "+44 20 7946 0000")]
)
def test_what_cannot_be_reached_is_refused(phones: Phones, client: Client, name: str, typed: str) -> None:
    enter(client, phones, phones.people[0])
    response = client.post(address("accounts:contact", "ar", name), {"address": typed})
    assert response.status_code == 400 and "data-errors" in response.content.decode()
    assert not ContactCode.objects.exists()


def test_pages_tell_wrong_spent_and_missing_codes(phones: Phones, client: Client) -> None:
    user = enter(client, phones, phones.people[0])
    page = address("accounts:confirm", "en", "email")
    assert "can no longer be used" in client.get(page).content.decode()
    text = code_to_send(send(user).pk)[1]
    wrong = f"{(int(text) + 1) % 1_000_000:06d}"
    assert "code is not correct" in client.post(page, {"code": wrong}).content.decode()
    assert client.post(page, {"code": "12"}).status_code == 400
    for _ in range(3):
        client.post(page, {"code": wrong})
    response = client.post(page, {"code": wrong})
    assert response.status_code == 409 and "wrong five times" in response.content.decode()
    assert client.get(address("accounts:contact", "ar", "fax")).status_code == 404


def test_the_language_of_messages_is_chosen(phones: Phones, client: Client) -> None:
    user = enter(client, phones, phones.people[0])
    client.post(address("accounts:language"), {"language": "en"})
    user.refresh_from_db()
    assert user.language == "en"
    client.post(address("accounts:language"), {"language": "fr"})
    user.refresh_from_db()
    assert user.language == "en"
