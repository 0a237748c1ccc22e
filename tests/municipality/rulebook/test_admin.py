"""Drafting and publishing through the staff's pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User, actor_of
from municipality.audit.models import AuditEvent
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock, money
from municipality.kernel.errors import Refused
from municipality.rulebook import services
from municipality.rulebook.models import FeeRule, LimitRule, RuleSet
from municipality.ui.language import STAFF_COOKIE
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
ADD = "admin:rulebook_ruleset_add"
CHANGE = "admin:rulebook_ruleset_change"
PUBLISH = "admin:rulebook_ruleset_publish"


def form(fils: int = 10_000, fee: FeeRule | None = None, first_day: str = "2027-01-01", **more: Any) -> dict[str, Any]:
    """What a browser posts for a draft with one fee."""
    counts = {
        f"{prefix}-{name}": value
        for prefix, total, initial in (
            ("fees", 1, 1 if fee else 0),
            *((rows, 0, 0) for rows in ("limits", "conditions", "reasons", "checks")),
        )
        for name, value in (("TOTAL_FORMS", total), ("INITIAL_FORMS", initial), ("MIN_NUM_FORMS", 0), ("MAX_NUM_FORMS", 1000))
    }
    row = {
        "id": fee.pk if fee else "",
        "ruleset": fee.ruleset_id if fee else "",
        "code": "base",
        "label_ar": "رسم",
        "label_en": "Fee",
        "article_ar": "م 1",
        "article_en": "Art. 1",
        "fils": money.to_text(fils),
        "unit": "year",
        "revenue_account": "1",
    }
    return {
        "subject": "fees.testing",
        "instrument_ar": "قرار",
        "instrument_en": "Resolution",
        "first_day": first_day,
        **counts,
        **{f"fees-0-{name}": value for name, value in row.items()},
        **more,
    }


def drafted(maker: User) -> RuleSet:
    answer = signed_in(maker).post(reverse(ADD), form())
    assert answer.status_code == 302, answer.context["errors"]
    return RuleSet.objects.get()


def test_a_maker_drafts_an_edition_in_their_own_name(maker: User) -> None:
    ruleset = drafted(maker)
    assert (ruleset.version, ruleset.made_by, ruleset.published_at) == (1, maker, None)
    assert ruleset.fees.get().fils == 10_000
    assert AuditEvent.objects.get(action="rulebook.drafted").actor_key == maker.key


def test_a_maker_corrects_their_draft_but_not_who_made_it(maker: User, checker: User) -> None:
    ruleset = drafted(maker)
    changes = form(12_000, ruleset.fees.get(), made_by=checker.pk, published_by=checker.pk, version=99)
    assert signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), changes).status_code == 302
    ruleset.refresh_from_db()
    assert (ruleset.fees.get().fils, ruleset.made_by, ruleset.published_by, ruleset.version) == (12_000, maker, None, 1)


def post_change(user: User, ruleset: RuleSet) -> int:
    return int(signed_in(user).post(reverse(CHANGE, args=[ruleset.pk]), form(1, ruleset.fees.get())).status_code)


def test_nobody_else_writes_in_a_draft(maker: User, checker: User) -> None:
    ruleset = drafted(maker)
    others = [
        checker,
        StaffFactory(groups=["rule_maker"], login="other"),
        StaffFactory(groups=["auditor"]),
        StaffFactory(login="root", is_superuser=True),
    ]
    for user in others:
        assert post_change(user, ruleset) == 403
    assert ruleset.fees.get().fils == 10_000
    for user in (checker, others[2], others[3]):
        assert signed_in(user).post(reverse(ADD), form()).status_code == 403


def publish(client: Client, ruleset: RuleSet, method: str = "post") -> Any:
    """As the page sends it that showed the draft as it is in `ruleset`."""
    return getattr(client, method)(reverse(PUBLISH, args=[ruleset.pk]), {"seen": ruleset.made_at.isoformat()}, follow=True)


def test_a_second_person_sees_the_rows_once_more_and_publishes(maker: User, checker: User) -> None:
    ruleset, client = drafted(maker), signed_in(checker)
    page = client.get(reverse(CHANGE, args=[ruleset.pk])).content.decode()
    assert reverse(PUBLISH, args=[ruleset.pk]) in page
    asked = publish(client, ruleset, "get").content.decode()
    assert "10.000" in asked and "عن كل سنة" in asked
    ruleset.refresh_from_db()
    assert ruleset.published_at is None
    assert publish(client, ruleset).status_code == 200
    ruleset.refresh_from_db()
    assert ruleset.published_by == checker
    assert reverse(PUBLISH, args=[ruleset.pk]) not in client.get(reverse(CHANGE, args=[ruleset.pk])).content.decode()


def test_the_publisher_reads_that_the_first_day_has_passed(maker: User, checker: User) -> None:
    ruleset, client = drafted(maker), signed_in(checker)
    assert "مضى هذا اليوم" not in publish(client, ruleset, "get").content.decode()
    RuleSet.objects.filter(pk=ruleset.pk).update(first_day=clock.today() - dt.timedelta(days=1))
    assert "مضى هذا اليوم" in publish(client, ruleset, "get").content.decode()


def test_a_draft_that_its_maker_saved_after_it_was_shown_is_not_published(maker: User, checker: User) -> None:
    """Or the maker alone would decide what the second person puts in force."""
    ruleset, client = drafted(maker), signed_in(checker)
    shown = client.get(reverse(PUBLISH, args=[ruleset.pk])).content.decode()
    assert f'name="seen" value="{ruleset.made_at.isoformat()}"' in shown and "10.000" in shown
    with clock.at(clock.now() + dt.timedelta(minutes=1)):
        assert signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), form(99_000, ruleset.fees.get())).status_code == 302
        [message] = publish(client, ruleset).context["messages"]
        assert message.level_tag == "error" and "حفظ المُعِدّ" in str(message)
        with pytest.raises(Refused, match="changed"):
            services.publish(ruleset=ruleset, publisher=checker, actor=actor_of(checker))
        assert client.post(reverse(PUBLISH, args=[ruleset.pk])).status_code == 302
        ruleset.refresh_from_db()
        assert ruleset.published_at is None and ruleset.fees.get().fils == 99_000
        publish(client, ruleset)  # read again
        assert RuleSet.objects.get().published_by == checker


def test_a_publisher_sends_a_draft_back_with_a_reason_until_it_is_saved_again(maker: User, checker: User) -> None:
    ruleset, client = drafted(maker), signed_in(checker)
    url = reverse(PUBLISH, args=[ruleset.pk])
    sent = {"step": "send_back", "seen": ruleset.made_at.isoformat()}
    assert client.post(url, {**sent, "words": " "}).status_code == 302
    assert client.post(url, {**sent, "words": "رقم القرار ناقص"}).status_code == 302
    ruleset.refresh_from_db()
    assert (ruleset.sent_back_words, ruleset.published_at) == ("رقم القرار ناقص", None)
    assert AuditEvent.objects.get(action="rulebook.sent_back").actor_key == checker.key
    assert url not in client.get("/admin/").content.decode()
    with pytest.raises(Refused, match="sent_back"):  # by a page that was open before
        services.publish(ruleset=ruleset, publisher=checker, actor=actor_of(checker))
    assert "رقم القرار ناقص" in signed_in(maker).get("/admin/").content.decode()
    assert signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), form(12_000, ruleset.fees.get())).status_code == 302
    ruleset.refresh_from_db()
    assert (ruleset.sent_back_at, ruleset.sent_back_words) == (None, "")
    assert url in client.get("/admin/").content.decode()


def test_a_draft_that_its_maker_saved_after_it_was_shown_is_not_sent_back(maker: User, checker: User) -> None:
    """Or the words would be about another draft, and what the maker saved would wait with them."""
    ruleset, client = drafted(maker), signed_in(checker)
    url, words = reverse(PUBLISH, args=[ruleset.pk]), "رقم القرار ناقص"
    assert client.get(url).content.decode().count(f'name="seen" value="{ruleset.made_at.isoformat()}"') == 2, "of both forms"
    with clock.at(clock.now() + dt.timedelta(minutes=1)):
        assert signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), form(99_000, ruleset.fees.get())).status_code == 302
        for seen in ({"seen": ruleset.made_at.isoformat()}, {}):
            [message] = client.post(url, {"step": "send_back", "words": words, **seen}, follow=True).context["messages"]
            assert message.level_tag == "error" and "حفظ المُعِدّ" in str(message)
        with pytest.raises(Refused, match="changed"):  # at the same moment
            services.send_back(ruleset=ruleset, publisher=checker, actor=actor_of(checker), words=words)
        ruleset.refresh_from_db()
        assert ruleset.sent_back_at is None
        services.send_back(ruleset=ruleset, publisher=checker, actor=actor_of(checker), words=words)


def test_a_published_edition_is_read_only_for_its_maker(maker: User, checker: User) -> None:
    ruleset = drafted(maker)
    publish(signed_in(checker), ruleset)
    assert post_change(maker, ruleset) == 403
    assert ruleset.fees.get().fils == 10_000


def test_the_maker_is_refused_with_a_sentence_even_with_both_roles() -> None:
    ensure_roles()
    both = StaffFactory(groups=["rule_maker", "rule_publisher"], login="both")
    ruleset = drafted(both)
    answer = publish(signed_in(both), ruleset)
    [message] = answer.context["messages"]
    assert message.level_tag == "error"
    assert str(message)
    ruleset.refresh_from_db()
    assert ruleset.published_at is None


def test_without_the_role_nobody_publishes(maker: User) -> None:
    ruleset = drafted(maker)
    for user in (maker, StaffFactory(groups=["operator"]), StaffFactory(login="root", is_superuser=True)):
        assert publish(signed_in(user), ruleset).status_code == 403
    assert not RuleSet.objects.filter(published_at__isnull=False).exists()


def test_an_overlap_is_refused_with_its_sentence(maker: User, checker: User) -> None:
    client = signed_in(checker)
    publish(client, drafted(maker))
    signed_in(maker).post(reverse(ADD), form(first_day="2026-12-31"))
    second = RuleSet.objects.get(version=2)
    assert second.first_day == dt.date(2026, 12, 31)
    answer = publish(client, second)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]


def test_a_wrong_row_of_a_draft_can_be_taken_out(maker: User) -> None:
    ruleset = drafted(maker)
    changes = form(10_000, ruleset.fees.get(), **{"fees-0-DELETE": "on"})
    signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), changes)
    assert not ruleset.fees.exists()


def test_a_limit_above_what_the_database_keeps_is_refused_where_it_is_typed(maker: User) -> None:
    row = {"code": "similar_metres", "unit": "metre", "article_ar": "م 1", "article_en": "Art. 1", "id": "", "ruleset": ""}
    for value, status in ((481, 200), (480, 302)):
        limit = {f"limits-0-{name}": text for name, text in {**row, "value": value}.items()}
        changes = form(subject="limits.reports", **{"limits-TOTAL_FORMS": 1, **limit})
        answer = signed_in(maker).post(reverse(ADD), changes)
        assert answer.status_code == status
        if status == 200:
            content = answer.content.decode()
            assert "لا يتجاوز هذا الحد 480" in content and 'value="481"' in content
    assert RuleSet.objects.get().limits.get().value == 480


def test_a_settlement_that_no_payment_could_take_when_it_is_repeated_is_refused_where_it_is_typed(maker: User) -> None:
    signed_in(maker).post(reverse(ADD), form(subject="offences.tests"))
    ruleset = RuleSet.objects.get()
    texts = dict.fromkeys(("name_ar", "name_en", "article_ar", "article_en"), "م 1")
    row = {
        **texts,
        "code": "X-1",
        "band_unit": "each",
        "unit": "each",
        "blocks": "shop",
        "revenue_account": "1",
        "id": "",
        "ruleset": ruleset.pk,
    }
    row |= {"correction_days": 0, "repeat_days": 365, "repeat_percent": 200}
    for dinars, status in (("500000.000", 200), ("499999.999", 302)):
        offence = {f"offences-0-{name}": value for name, value in {**row, "settlement_fils": dinars}.items()}
        counts = {"offences-TOTAL_FORMS": 1, "offences-INITIAL_FORMS": 0}
        changes = form(10_000, ruleset.fees.get(), subject="offences.tests", **counts, **offence)
        answer = signed_in(maker).post(reverse(CHANGE, args=[ruleset.pk]), changes)
        assert answer.status_code == status and ("999,999.999" in answer.content.decode()) == (status == 200)
    assert ruleset.offences.get().settlement_fils == 499_999_999


def test_amounts_are_typed_and_read_in_dinars_and_empty_tables_are_folded(maker: User, checker: User) -> None:
    ruleset = drafted(maker)
    client = signed_in(maker)
    page = BeautifulSoup(client.get(reverse(CHANGE, args=[ruleset.pk])).content, "html.parser")
    assert page.find("input", {"name": "fees-0-fils"})["value"] == "10.000"  # type: ignore[index]
    assert [bool(page.select_one(f"#{name}-group details")) for name in ("fees", "limits")] == [False, True]
    buttons = [button["value"] for button in page.select("#ruleset_form .submit-row input[type=submit]")]
    assert buttons == ["حفظ وإرسال إلى الناشر"], "one button, which says where the draft goes"
    for typed, fils in (("12.5", 12_500), ("١٢٫٧٥٠", 12_750), ("13", 13_000)):
        assert client.post(reverse(CHANGE, args=[ruleset.pk]), form(0, ruleset.fees.get(), **{"fees-0-fils": typed})).status_code == 302
        assert ruleset.fees.get().fils == fils
    refused = client.post(reverse(CHANGE, args=[ruleset.pk]), form(0, ruleset.fees.get(), **{"fees-0-fils": "12,5000 x"}))
    assert refused.status_code == 200 and "مبلغ بالدينار" in refused.content.decode()
    read = signed_in(checker).get(reverse(CHANGE, args=[ruleset.pk])).content.decode()
    assert "13.000" in read and "limits-group" not in read


def test_the_list_opens_on_what_is_in_force_or_waits(maker: User, checker: User) -> None:
    first = drafted(maker)
    publish(signed_in(checker), first)
    RuleSet.objects.filter(pk=first.pk).update(last_day=None)
    page = reverse("admin:rulebook_ruleset_changelist")
    link = reverse(CHANGE, args=[first.pk])
    assert link in signed_in(maker).get(page).content.decode()
    with clock.at(clock.now() + dt.timedelta(days=3650)):
        signed_in(maker).post(reverse(ADD), form(first_day="2027-06-01"))
        publish(signed_in(checker), RuleSet.objects.get(version=2))
        assert link not in signed_in(maker).get(page).content.decode()
        assert link in signed_in(maker).get(page, {"standing": "ended"}).content.decode()


def test_a_draft_of_a_published_edition_begins_tomorrow_at_the_earliest(maker: User, checker: User) -> None:
    first = drafted(maker)
    publish(signed_in(checker), first)
    with clock.at(clock.now() + dt.timedelta(days=3650)):
        signed_in(maker).post(reverse("admin:rulebook_ruleset_next", args=[first.pk]))
        assert RuleSet.objects.get(version=2).first_day == clock.today() + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("language", "edition", "units"),
    [("ar", "الإصدار 1", ("أيام عمل", "عن كل سنة")), ("en", "edition 1", ("working days", "per year"))],
)
def test_editions_and_units_are_named_in_words(language: str, edition: str, units: tuple[str, str], maker: User, checker: User) -> None:
    ruleset, client = drafted(maker), signed_in(checker)
    LimitRule.objects.create(ruleset=ruleset, code="promise", value=14, unit="working_day", article_ar="م 1", article_en="Art. 1")
    client.cookies[STAFF_COOKIE] = language
    listed = client.get(reverse("admin:rulebook_ruleset_changelist")).content.decode()
    assert edition in listed and ">v1<" not in listed
    for page in (PUBLISH, CHANGE):
        shown = client.get(reverse(page, args=[ruleset.pk])).content.decode()
        assert all(unit in shown for unit in units) and "working_day" not in shown, page
