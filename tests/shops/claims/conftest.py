"""Claims are tried on shops with a health licence, which a dispute stops."""

from tests.licensing.conftest import make_shop, owner, rules, today

__all__ = ["make_shop", "owner", "rules", "today"]
