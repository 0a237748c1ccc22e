"""Rule sets, and the rulebook of the seeds."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from municipality.accounts.models import actor_of
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.rulebook import queries, seeds, services
from municipality.rulebook.models import ConditionRule, FeeRule, HolidayRule, LimitRule, RuleSet
from tests.factories.accounts import StaffFactory


def publish_rulebook(subject: str = "") -> None:
    """Publish every edition of the seeds, or those of a subject, by two people. Places have to be loaded."""
    maker, publisher = (StaffFactory(groups=[f"rule_{login}"], login=login) for login in ("maker", "publisher"))
    if not subject:
        seeds.seed(maker, publisher)
        return
    for edition in seeds.read_editions():
        if edition["subject"] == subject:
            services.publish(ruleset=seeds._draft(edition, maker, clock.now()), publisher=publisher, actor=system("tests"))


class RuleSetFactory(DjangoModelFactory[RuleSet]):
    """A draft of `fees.testing` with a fee of `fils`, a limit and a condition."""

    class Meta:
        model = RuleSet

    subject, version, first_day = "fees.testing", 1, dt.date(2026, 1, 1)
    instrument_ar, instrument_en = "قرار", "Resolution"
    made_at = factory.LazyFunction(clock.now)
    fils = 10_000

    @classmethod
    def _create(cls, model_class: type[RuleSet], *args: Any, fils: int, **fields: Any) -> RuleSet:
        ruleset = RuleSet.objects.create(**fields)
        fee = {"code": "base", "label_ar": "رسم", "label_en": "Fee", "article_ar": "م 1", "article_en": "Art. 1"}
        FeeRule.objects.create(ruleset=ruleset, fils=fils, unit="year", revenue_account="1", **fee)
        LimitRule.objects.create(ruleset=ruleset, code="window_days", value=60, unit="day", article_ar="م 2", article_en="Art. 2")
        ConditionRule.objects.create(ruleset=ruleset, order=1, text_ar="شرط", text_en="Condition", article_ar="م 3", article_en="Art. 3")
        return ruleset


def publish_next(subject: str) -> None:
    """An edition that begins today: that in force with each fee doubled and each condition reworded."""
    old = queries.in_force(subject, clock.today()).get()
    fields = {"instrument_ar": "قرار", "instrument_en": "Decision", "first_day": clock.today(), "made_at": clock.now()}
    new = RuleSet.objects.create(subject=subject, version=99, made_by=StaffFactory(groups=["rule_maker"], login=f"m-{subject}"), **fields)
    for model in (FeeRule, ConditionRule):
        for row in model.objects.filter(ruleset=old):
            row.pk, row.ruleset = None, new
            if isinstance(row, FeeRule):
                row.fils *= 2
            else:
                row.text_ar, row.text_en = "شرط جديد", "A new condition"
            row.save(force_insert=True)
    publisher = StaffFactory(groups=["rule_publisher"], login=f"p-{subject}")
    services.publish(ruleset=new, publisher=publisher, actor=system("tests"))


def publish_holiday(first: dt.date, last: dt.date, *, is_taken_back: bool = False) -> None:
    """The newest calendar with a further holiday, or without it again, published by two people."""
    newest = RuleSet.objects.filter(subject="calendar").latest("version")
    names = [f"{role}-of-{newest.version}" for role in ("maker", "publisher")]
    maker, publisher = (StaffFactory(groups=[f"rule_{name.partition('-')[0]}"], login=name) for name in names)
    draft = services.copy_as_draft(ruleset=newest, maker=maker, actor=actor_of(maker, "rule_maker"))
    if is_taken_back:
        HolidayRule.objects.filter(ruleset=draft, first_day=first, last_day=last).delete()
    else:
        texts = {"name_ar": "عطلة", "name_en": "A holiday", "source_ar": "قرار", "source_en": "Decision"}
        HolidayRule.objects.create(ruleset=draft, first_day=first, last_day=last, **texts)
    services.publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))
