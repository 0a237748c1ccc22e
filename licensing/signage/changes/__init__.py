"""Changing a licensed board: another one is licensed in its place, until the same last day."""
