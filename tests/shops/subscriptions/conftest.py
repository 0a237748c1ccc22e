"""What is followed is what the feed of changes tells."""

from tests.shops.open_data.conftest import register, store

__all__ = ["register", "store"]
