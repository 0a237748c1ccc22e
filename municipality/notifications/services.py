"""Create messages inside a transaction, deliver them outside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.jobs import services as jobs
from municipality.jobs.errors import PermanentFailure
from municipality.jobs.models import Job
from municipality.jobs.services import enqueue, enqueue_all
from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.kernel.failpoints import failpoint
from municipality.notifications import mail, sms
from municipality.notifications.models import Channel, Delivery, DeliveryState, Message
from municipality.notifications.registry import MESSAGE_KINDS, MessageKind
from municipality.notifications.texts import foreign_links, link


def send(kind: str | type[MessageKind], *, person: User, key: str, context: Mapping[str, Any], subject_key: str = "") -> Message:
    """Put a message (its kind or class) into a person's inbox and enqueue it for each channel, in the caller's transaction.

    The same (kind, key, person) again is the same message. Both languages are rendered and stored now. Raises RuntimeError outside a
    transaction, KeyError for an undeclared kind or a placeholder without a value.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a message is created inside the transaction of its cause")
    declared = MESSAGE_KINDS[kind if isinstance(kind, str) else kind.kind]
    kind = declared.kind
    ar, en = declared.texts(context, "ar"), declared.texts(context, "en")
    message = Message(
        kind=kind,
        key=key,
        person=person,
        subject_key=subject_key,
        title_ar=ar.title,
        title_en=en.title,
        body_ar=ar.body,
        body_en=en.body,
        short_ar=ar.short,
        short_en=en.short,
        path=declared.path(context),
        created_at=clock.now(),
    )
    Message.objects.bulk_create([message], ignore_conflicts=True)
    saved = Message.objects.get(kind=kind, key=key, person=person)
    saved.person = person  # saves a query
    if saved.public_id == message.public_id:
        _create_deliveries(saved, declared.channels)
    return saved


def _create_deliveries(message: Message, channels: Sequence[Channel]) -> None:
    """Create a delivery for each channel, and a job for each that has an address."""
    deliveries = [
        Delivery(message=message, channel=channel)
        if address_of(message.person, channel)
        else Delivery(message=message, channel=channel, state=DeliveryState.SKIPPED, reason="no_address")
        for channel in channels
    ]
    Delivery.objects.bulk_create(deliveries)
    waiting = [delivery.pk for delivery in deliveries if delivery.state == DeliveryState.WAITING]
    enqueue_all("notifications.deliver", {f"delivery:{pk}": {"delivery_id": pk} for pk in waiting})


def address_of(person: User, channel: str) -> str:
    """The confirmed address of a person on a channel; empty if there is none."""
    if channel == Channel.EMAIL:
        return str(person.email) if person.email_confirmed_at else ""
    return str(person.phone) if person.phone_confirmed_at else ""


def deliver(delivery_id: int) -> None:
    """Send one message by one channel, in the person's language, outside any transaction.

    Raises PermanentFailure when the channel refuses for good; after any other exception the job is tried again with the same key.
    """
    delivery = Delivery.objects.select_related("message__person").get(pk=delivery_id)
    if delivery.state in (DeliveryState.SENT, DeliveryState.SKIPPED):
        return
    message, person = delivery.message, delivery.message.person
    address = address_of(person, delivery.channel)
    if not address:
        _close(delivery, DeliveryState.SKIPPED, reason="no_address")
        return
    try:
        if delivery.channel == Channel.EMAIL:
            provider_id = mail.send_message(message, to=address, language=person.language, idempotency_key=delivery.idempotency_key)
        else:
            text = sms_text(message, person.language)
            sms.count_message(address, idempotency_key=delivery.idempotency_key)
            provider_id = sms.gateway().send(address, text, delivery.idempotency_key)
    except sms.LimitReached:
        _close(delivery, DeliveryState.FAILED, reason="limit")
        return
    except PermanentFailure as end:
        _close(delivery, DeliveryState.FAILED, reason="foreign_link" if "foreign" in str(end) else "refused")
        raise
    failpoint(f"message.{delivery.channel}.handed_over")
    _close(delivery, DeliveryState.SENT, provider_id=provider_id[:60], sent_at=clock.now())


def mark_failed(*, delivery_id: int) -> None:
    """Mark a delivery as failed, after the last try of its job. The message stays in the inbox."""
    Delivery.objects.filter(pk=delivery_id, state=DeliveryState.WAITING).update(state=DeliveryState.FAILED, reason="exhausted")


def retry(delivery: Delivery, *, actor: Actor) -> bool:
    """Try a failed delivery again, under the same key, for a member of staff. Returns False if it has not failed."""
    with transaction.atomic():
        updated = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED).update(state=DeliveryState.WAITING, reason="")
        if not updated:
            return False
        key = f"delivery:{delivery.pk}"
        job_id = Job.objects.filter(kind="notifications.deliver", key=key).values_list("pk", flat=True).first()
        if job_id is None or not jobs.retry(job_id):  # its job ended as done when a limit was reached
            enqueue("notifications.deliver", key=f"{key}:{ids.public_id()}", delivery_id=delivery.pk)
        data = {"channel": delivery.channel, "kind": delivery.message.kind, "was": delivery.reason}
        record("delivery.retried", subject=key, actor=actor, data=data)
    return True


def sms_text(message: Message, language: str) -> str:
    """The short text and the address of the page it leads to. Raises PermanentFailure for a link to another host."""
    short = message.short_ar if language == "ar" else message.short_en
    text = "\n".join(filter(None, [short, link(message.path, language)]))
    if foreign_links(text):
        raise PermanentFailure("foreign link in a text message")
    return text


def _close(delivery: Delivery, state: DeliveryState, **changes: Any) -> None:
    """Set the result by one UPDATE, unless another worker has sent the message already."""
    changes.setdefault("reason", "")
    Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.SENT).update(state=state, **changes)


def deliver_code(*, user_id: int, channel: str, address: str, code_id: int) -> None:
    """Send a one-time code to an address that is being confirmed. The arguments of the job do not hold the code itself.

    A code that is no longer valid is not sent, nor is one over the limits of a number.
    """
    from municipality.accounts.services.contacts import code_text

    try:
        code = code_text(code_id)
    except Refused:
        return
    language = get_user_model().objects.values_list("language", flat=True).get(pk=user_id)
    key = f"code-{code_id}"
    with translation.override(language):
        text = gettext("Kuwait Municipality: your confirmation code is %(code)s. Please give it to nobody.") % {"code": code}
        if channel == Channel.EMAIL:
            mail.send(subject=gettext("Your confirmation code"), body=text, to=address, idempotency_key=key)
            return
    send_sms_code(to=address, text=text, idempotency_key=key)


def send_sms_code(*, to: str, text: str, idempotency_key: str) -> bool:
    """Send a text with a one-time code. Returns False, and sends nothing, over the limits of the number."""
    try:
        sms.count_message(to, idempotency_key=idempotency_key, is_code=True)
    except sms.LimitReached:
        return False
    sms.gateway().send(to, text, idempotency_key)
    return True


def mark_read(message: Message) -> None:
    """Store when the person opened a message first."""
    if message.read_at is None:
        now = clock.now()
        if Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=now):
            message.read_at = now
