"""Sheets of the register: read without effect, released by a second person, taken in batches. Documented in docs/shop-register.md."""
