"""What people follow: a shop, a block or an area; a digest a day, and feeds for readers of Atom."""
