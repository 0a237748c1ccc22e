"""Following a shop, a block or an area: a daily digest, and Atom feeds."""
