"""Opening hours as the holder of a shop states them: what a week is, how it is stated, and what holds at a moment."""
