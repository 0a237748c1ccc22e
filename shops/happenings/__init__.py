"""What staff write about a shop by hand: proposed by one person, confirmed by another. See docs/shop-register.md."""
