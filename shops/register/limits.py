"""How often anybody may ask the public pages of the register and their interface."""

SEARCHES, SECONDS = 240, 60  # as somebody types, each letter may be one
