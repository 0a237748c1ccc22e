"""Two rows of the register for one shop: proposed by one person, confirmed by another, undone by a new act. See docs/shop-register.md."""
