"""Rate limits of the public pages of the register and of the API."""

SEARCHES, SECONDS = 240, 60  # a search as you type may send one for each letter
