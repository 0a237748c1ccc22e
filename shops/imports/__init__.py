"""Importing sheets of the register: validated first, released by a second person, applied in batches. See docs/shop-register.md."""
