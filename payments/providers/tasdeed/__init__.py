"""Tasdeed, the Ministry of Finance's collection system, behind the port. Its interface is not public: all of this is an assumption."""

from payments.providers.tasdeed.gateway import Tasdeed

__all__ = ["Tasdeed"]
