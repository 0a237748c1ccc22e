"""Gateways behind one port; the setting PAYMENT_PROVIDER names the class in use."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from payments.providers.port import Provider


def provider() -> Provider:
    """The gateway in use, KNET unless the settings say otherwise."""
    return cast(Provider, import_string(getattr(settings, "PAYMENT_PROVIDER", "payments.providers.knet.Knet"))())
