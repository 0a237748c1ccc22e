"""The verbs of sign-in and people."""

from municipality.accounts.services.contacts import code_text

__all__ = ["code_text"]
