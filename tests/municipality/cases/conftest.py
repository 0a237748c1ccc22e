"""Cases are tried on the one service that is open."""

from tests.licensing.conftest import make_shop, owner, rules, today

__all__ = ["make_shop", "owner", "rules", "today"]
