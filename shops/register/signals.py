"""Signals of the register."""

from django.dispatch import Signal

# Sent by Shop in the transaction of a change; `keys` are the primary keys of the changed shops.
shops_changed = Signal()
