"""Finding plots, by number, address or place, and what they were split, merged or renumbered into."""
