"""Messages about renewals in one act; their texts are in templates/licensing/messages."""

from __future__ import annotations

from municipality.notifications.registry import MessageKind


class BatchSent(MessageKind):
    """`count` renewals wait for one payment; `refused` were not sent."""

    kind = "licensing.batch_sent"
    samples = {"count": 38, "refused": 12}
    page = "/renewals/{batch.public_id}/"


class BatchIssued(MessageKind):
    """`count` licences are issued, and none that was paid waits."""

    kind = "licensing.batch_issued"
    samples = {"count": 38}
    page = "/renewals/{batch.public_id}/"
