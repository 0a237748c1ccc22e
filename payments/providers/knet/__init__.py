"""KNET's hosted payment page, "raw" integration with merchant notification."""

from payments.providers.knet.gateway import Knet

__all__ = ["Knet"]
