"""Signals of the register."""

from django.dispatch import Signal

# Sent by Shop in the transaction of a change; `keys` are the primary keys of the changed shops.
shops_changed = Signal()

# Sent by Shop in the transaction in which a shop passes to another holder; `shop` is the row with the new one, `source` the subject key
# of the act.
holder_changed = Signal()
