"""Receiving reports: the form, where it is, similar reports, limits."""
