"""What the register tells the features above it."""

from django.dispatch import Signal

# Facts of some shops were written: `keys` are their primary keys. Sent in the transaction of the change, by `Shop`.
shops_changed = Signal()
