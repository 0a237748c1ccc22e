"""Plain Python that every other package imports; it imports none of them."""
