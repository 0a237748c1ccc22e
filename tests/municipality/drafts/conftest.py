"""Kept requests are tried with the rules of the portal and one person."""

from tests.licensing.conftest import make_shop, owner, rules, today

__all__ = ["make_shop", "owner", "rules", "today"]
