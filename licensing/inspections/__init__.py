"""Inspection visits of a shop: appointment, checklist and result."""
