"""Promising messages inside a transaction, delivering them outside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
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
from municipality.notifications.registry import KINDS, MessageKind
from municipality.notifications.texts import foreign_links, link


def send(kind: str | type[MessageKind], *, person: User, key: str, context: Mapping[str, Any], subject_key: str = "") -> Message:
    """Put one message, named by its kind or its class, into a person's inbox and promise it on each channel, in the caller's transaction.

    The same (kind, key, person) again is the same message. Both languages are rendered now and kept exactly so.
    Raises RuntimeError outside a transaction, KeyError for an undeclared kind or a placeholder without a value.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a message is promised inside the transaction of its act")
    declared = KINDS[kind if isinstance(kind, str) else kind.kind]
    kind = declared.kind
    ar, en = declared.words(context, "ar"), declared.words(context, "en")
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
    kept = Message.objects.get(kind=kind, key=key, person=person)
    kept.person = person  # read already
    if kept.public_id == message.public_id:
        _promise(kept, declared.channels)
    return kept


def _promise(message: Message, channels: Sequence[Channel]) -> None:
    """A delivery for each channel, and a job for each that has an address."""
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
    """Hand one message to one channel, in the person's language. No transaction is open while the channel is spoken to.

    Raises Gone when the channel refuses for good; any other exception asks for another try with the same key.
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
            provider_id = _text(message, address, person.language, delivery.idempotency_key)
    except sms.LimitReached:
        _close(delivery, DeliveryState.FAILED, reason="limit")
        return
    except PermanentFailure as end:
        _close(delivery, DeliveryState.FAILED, reason="foreign_link" if "foreign" in str(end) else "refused")
        raise
    failpoint(f"message.{delivery.channel}.handed_over")
    _close(delivery, DeliveryState.SENT, provider_id=provider_id[:60], sent_at=clock.now())


def give_up(*, delivery_id: int) -> None:
    """Every try has failed: the delivery says so instead of waiting for ever. The message lies in the inbox all the same."""
    Delivery.objects.filter(pk=delivery_id, state=DeliveryState.WAITING).update(state=DeliveryState.FAILED, reason="exhausted")


def retry(delivery: Delivery, *, actor: Actor) -> bool:
    """A person asks for another try of a failed delivery, under the same key, and the record says who. True if it had failed."""
    with transaction.atomic():
        moved = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED).update(state=DeliveryState.WAITING, reason="")
        if not moved:
            return False
        key = f"delivery:{delivery.pk}"
        carrier = Job.objects.filter(kind="notifications.deliver", key=key).values_list("pk", flat=True).first()
        if carrier is None or not jobs.retry(carrier):  # a limit that was reached ended its job as done
            enqueue("notifications.deliver", key=f"{key}:{ids.public_id()}", delivery_id=delivery.pk)
        data = {"channel": delivery.channel, "kind": delivery.message.kind, "was": delivery.reason}
        record("delivery.retried", subject=key, actor=actor, data=data)
    return True


def sms_text(message: Message, language: str) -> str:
    """The short text and, where it leads somewhere, the address of that page. Raises Gone for an address that is not ours."""
    short = message.short_ar if language == "ar" else message.short_en
    text = "\n".join(filter(None, [short, link(message.path, language)]))
    if foreign_links(text):
        raise PermanentFailure("foreign link in a text message")
    return text


def _text(message: Message, number: str, language: str, idempotency_key: str) -> str:
    text = sms_text(message, language)
    sms.take(number, idempotency_key=idempotency_key)
    return sms.gateway().send(number, text, idempotency_key)


def _close(delivery: Delivery, state: DeliveryState, **changes: Any) -> None:
    """One UPDATE: a second worker that sent the same message meanwhile has the same key and the same end."""
    changes.setdefault("reason", "")
    Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.SENT).update(state=state, **changes)


def deliver_code(*, user_id: int, channel: str, address: str, code_id: int) -> None:
    """Send a one-time code to an address that is being confirmed. The code itself never stands in the outbox.

    A code that no longer serves is not sent. Over the number's limit nothing is sent either; whoever asks for a code is
    told so beforehand (`accounts.services.contacts.send_code`).
    """
    from municipality.accounts.services import code_text

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
    with suppress(sms.LimitReached):
        sms.take(address, idempotency_key=key, is_code=True)
        sms.gateway().send(address, text, key)


def text_code(*, to: str, text: str, idempotency_key: str) -> bool:
    """Hand a text with a one-time code to the gateway. False over the number's limit: nothing is sent then."""
    try:
        sms.take(to, idempotency_key=idempotency_key, is_code=True)
    except sms.LimitReached:
        return False
    sms.gateway().send(to, text, idempotency_key)
    return True


def mark_read(message: Message) -> None:
    """Note the first time that the person opened a message."""
    if message.read_at is None:
        now = clock.now()
        if Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=now):
            message.read_at = now
