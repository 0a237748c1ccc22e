"""The KNET terminal of the settings, validated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings

from payments import links
from payments.providers.port import NotConfigured

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Characters that are the same whether the gateway decodes the return URLs or not.
_RETURN = re.compile(r"https?://[A-Za-z0-9.\-\[\]]+(?::\d+)?/[A-Za-z0-9/_.\-]*")


def is_allowed(url: str) -> bool:
    """https anywhere, plain http only on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


@dataclass(frozen=True)
class Terminal:
    tranportal_id: str
    password: str = field(repr=False)
    key: bytes = field(repr=False)
    payment_url: str
    tranpipe_url: str
    response_url: str
    error_url: str
    ca_file: str
    langids: dict[str, str]
    xml_wrapper: bool
    credited_element: str


def terminal() -> Terminal:
    """The configured terminal. Raises NotConfigured, naming the setting and never its value."""
    required = ("KNET_TRANPORTAL_ID", "KNET_PASSWORD", "KNET_RESOURCE_KEY", "KNET_PAYMENT_URL", "KNET_TRANPIPE_URL", "PORTAL_URL")
    missing = [name for name in required if not getattr(settings, name, "")]
    if missing:
        raise NotConfigured(", ".join(missing))
    key = settings.KNET_RESOURCE_KEY.encode()
    if len(key) != 16 or not key.isascii():
        raise NotConfigured("KNET_RESOURCE_KEY has not 16 characters")
    for name in ("KNET_PAYMENT_URL", "KNET_TRANPIPE_URL"):
        if not is_allowed(getattr(settings, name)):
            raise NotConfigured(f"{name} is not https")
    response_url, error_url = links.absolute(links.RESPONSE), links.absolute(links.ERROR)
    for url in (response_url, error_url):
        if not is_allowed(url) or not _RETURN.fullmatch(url) or len(url) > 255:
            raise NotConfigured("PORTAL_URL is not https or not plain")
    return Terminal(
        tranportal_id=settings.KNET_TRANPORTAL_ID,
        password=settings.KNET_PASSWORD,
        key=key,
        payment_url=settings.KNET_PAYMENT_URL,
        tranpipe_url=settings.KNET_TRANPIPE_URL,
        response_url=response_url,
        error_url=error_url,
        ca_file=settings.KNET_CA_FILE,
        langids={"ar": settings.KNET_LANGID_AR, "en": settings.KNET_LANGID_EN},
        xml_wrapper=settings.KNET_XML_WRAPPER,
        credited_element=settings.KNET_CREDITED_ELEMENT,
    )
