"""Opening hours of shops."""
