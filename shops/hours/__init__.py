"""Opening hours of shops: stating them, and whether a shop is open at a moment."""
