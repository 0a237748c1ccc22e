"""The bank's settlement file: read by a mapping, since its format is not known; and what is exported for people."""
