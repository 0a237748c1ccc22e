"""Extracts: what is known about a plot on a day, sealed and kept as issued, as PDF, JSON and XML."""
