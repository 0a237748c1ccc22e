"""What is followed is what the feed of changes tells."""

from tests.shops.open_data.conftest import register

__all__ = ["register"]
