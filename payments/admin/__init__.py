"""Money in the staff's admin: to read, and the acts of two people."""

from payments.admin import attempts, bills, differences, home, labels, ledger, refunds, statements  # noqa: F401
