"""Money in the staff's admin: to read only."""

from payments.admin import attempts, bills, refunds, words  # noqa: F401
