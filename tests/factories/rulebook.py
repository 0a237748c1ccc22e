"""The rulebook of the seeds."""

from __future__ import annotations

from municipality.rulebook.seeds import seed
from tests.factories.accounts import StaffFactory


def publish_rulebook() -> None:
    """Publish every edition of the seeds, by two people. Places have to be loaded."""
    seed(StaffFactory(groups=["rule_maker"], login="maker"), StaffFactory(groups=["rule_publisher"], login="publisher"))
