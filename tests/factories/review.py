"""Officers and what they may decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import factory
from factory.django import DjangoModelFactory

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.review.models import Skill
from tests.factories.accounts import StaffFactory


class SkillFactory(DjangoModelFactory[Skill]):
    """What an officer may decide, given by a supervisor of the officer's branch unless `given_by` says who."""

    class Meta:
        model = Skill

    code = "health"
    given_at = factory.LazyFunction(clock.now)
    given_by = factory.LazyAttribute(
        lambda skill: StaffFactory(supervisor=True, login=f"giver-{skill.officer.login}-{skill.code}", branch_id=skill.officer.branch_id)
    )


class OfficerFactory(StaffFactory):
    """An officer of a branch who decides health licences, or what `skills` names."""

    login, groups, branch_id = "officer", ["officer"], "HA"

    @factory.post_generation
    def skills(self: User, create: bool, codes: Sequence[str] | None, **fields: Any) -> None:
        for code in codes or ["health"]:
            SkillFactory(officer=self, code=code, **fields)
