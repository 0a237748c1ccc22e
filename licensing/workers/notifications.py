"""The message about certificates of workers that end; its texts are in templates/licensing/messages."""

from __future__ import annotations

import datetime as dt

from municipality.notifications.registry import MessageKind


class CertificatesEnd(MessageKind):
    """`count` workers of a shop need a new certificate, the first by `last_day`."""

    kind = "licensing.certificates_end"
    samples = {"count": 2, "last_day": dt.date(2027, 11, 24)}
    page = "/health-licence/{shop.public_id}/workers/"
