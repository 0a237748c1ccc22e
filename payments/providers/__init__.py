"""Gateways. The setting PAYMENT_PROVIDER names the class for new payments."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from payments.providers.port import NotConfigured, Provider

KNOWN = {"knet": "payments.providers.knet.Knet", "tasdeed": "payments.providers.tasdeed.Tasdeed"}


def provider() -> Provider:
    """The gateway in use, KNET unless the settings say otherwise."""
    return cast(Provider, import_string(getattr(settings, "PAYMENT_PROVIDER", "payments.providers.knet.Knet"))())


def provider_named(name: str) -> Provider:
    """The gateway of an earlier payment. Raises NotConfigured for an unknown name."""
    used = provider()
    if used.name == name:
        return used
    if name not in KNOWN:
        raise NotConfigured(f"no gateway {name}")
    return cast(Provider, import_string(KNOWN[name])())
