"""Create messages inside a transaction, deliver them outside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.jobs import services as jobs
from municipality.jobs.errors import PermanentFailure
from municipality.jobs.models import Job
from municipality.jobs.services import enqueue, enqueue_all
from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor
from municipality.kernel.failpoints import failpoint
from municipality.notifications import mail, not_reached, queries, sms
from municipality.notifications.models import Channel, ChannelChoice, Delivery, DeliveryState, Message
from municipality.notifications.registry import MESSAGE_KINDS, RECIPIENTS, MessageKind
from municipality.notifications.texts import foreign_links, link

# Reasons of deliveries, see admin.REASONS.
SWITCHED_OFF, LEGAL, FALLBACK, CLOSED = "switched_off", "legal_notice", "fallback", "account_closed"
# What a legal notice says in a text message to somebody who switched them off.
LEGAL_MARK = gettext_lazy("Legal notice, which cannot be switched off.")


def send(
    kind: str | type[MessageKind],
    *,
    person: User,
    key: str,
    context: Mapping[str, Any],
    subject_key: str = "",
    channels: Sequence[Channel] | None = None,
) -> Message:
    """Put a message (its kind or class) into a person's inbox and enqueue it for each channel, in the caller's transaction.

    Where others have its subject by now (`registry.RECIPIENTS`), each of them gets it in place of the person, under a key of its own:
    they may be told the same as themselves. The first of these messages is returned. `channels` replaces those of the kind; none: inbox
    only. The same (kind, key, person) again is the same message. Both languages are rendered and stored now. Raises RuntimeError outside
    a transaction, KeyError for an undeclared kind or a placeholder without a value.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a message is created inside the transaction of its cause")
    declared = MESSAGE_KINDS[kind if isinstance(kind, str) else kind.kind]
    find = RECIPIENTS.get(subject_key.partition(":")[0])
    people = find(subject_key, person) if find is not None else [person]
    chosen = declared.channels if channels is None else channels
    saved = [_put(declared, one, key if one.pk == person.pk else f"{key}:{person.pk}", context, subject_key, chosen) for one in people]
    return saved[0]


def _put(
    declared: MessageKind, person: User, key: str, context: Mapping[str, Any], subject_key: str, channels: Sequence[Channel]
) -> Message:
    """One message in the inbox of one person, with its deliveries; the one that is there already, if there is one."""
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
        _create_deliveries(saved, declared, channels)
    return saved


def _create_deliveries(message: Message, declared: MessageKind, channels: Sequence[Channel]) -> None:
    """Create a delivery for each channel, and a job for each that has an address and is not switched off."""
    off = queries.switched_off(message.person)
    deliveries = []
    for channel in channels:
        delivery = Delivery(message=message, channel=channel)
        if not address_of(message.person, channel):
            delivery.state, delivery.reason = DeliveryState.SKIPPED, _without_address(message.person)
        elif channel in off and not declared.is_legal:
            delivery.state, delivery.reason = DeliveryState.SKIPPED, SWITCHED_OFF
        elif channel in off:
            delivery.reason = LEGAL
        deliveries.append(delivery)
    Delivery.objects.bulk_create(deliveries)
    waiting = [delivery.pk for delivery in deliveries if delivery.state == DeliveryState.WAITING]
    enqueue_all("notifications.deliver", {f"delivery:{pk}": {"delivery_id": pk} for pk in waiting})
    if declared.is_legal and not waiting:
        not_reached.note(message)


def _fall_back(message: Message) -> None:
    """After a channel failed for good: send by another one, also a switched-off one, unless one has the message or will.

    Where there is none, the message is listed for a phone call. In the transaction of the failure.
    """
    declared = MESSAGE_KINDS.get(message.kind)
    if declared is None or not declared.must_reach:
        return
    existing = {row.channel: row for row in Delivery.objects.filter(message=message)}
    if any(row.state in (DeliveryState.SENT, DeliveryState.WAITING) for row in existing.values()):
        return
    for channel in Channel.values:
        row = existing.get(channel)
        if not address_of(message.person, channel) or (row is not None and row.reason != SWITCHED_OFF):
            continue
        if row is None:
            row = Delivery.objects.create(message=message, channel=channel, reason=FALLBACK)
        else:
            Delivery.objects.filter(pk=row.pk).update(state=DeliveryState.WAITING, reason=FALLBACK)
        enqueue("notifications.deliver", key=f"delivery:{row.pk}", delivery_id=row.pk)
        return
    not_reached.note(message)


def address_of(person: User, channel: str) -> str:
    """The confirmed address of a person on a channel; empty if there is none, or their account is closed."""
    if not person.is_active:
        return ""
    if channel == Channel.EMAIL:
        return str(person.email) if person.email_confirmed_at else ""
    return str(person.phone) if person.phone_confirmed_at else ""


def _without_address(person: User) -> str:
    """Why a person has no address, see admin.REASONS."""
    return "no_address" if person.is_active else CLOSED


def masked_address(delivery: Delivery) -> str:
    """To which address it went, or would go now: the last three digits of a number, the domain of an e-mail address."""
    return delivery.went_to or _masked(address_of(delivery.message.person, delivery.channel), delivery.channel)


def _masked(address: str, channel: str) -> str:
    if channel == Channel.EMAIL:
        return f"…@{address.rpartition('@')[2]}" if address else ""
    return f"…{address[-3:]}" if address else ""


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
        _close(delivery, DeliveryState.SKIPPED, reason=_without_address(person))
        return
    declared = MESSAGE_KINDS.get(message.kind)
    although_off = declared is not None and declared.is_legal and delivery.channel in queries.switched_off(person)
    try:
        if delivery.channel == Channel.EMAIL:
            provider_id = mail.send_message(message, to=address, language=person.language, idempotency_key=delivery.idempotency_key)
        else:
            text = sms_text(message, person.language, although_off=although_off)
            sms.count_message(address, idempotency_key=delivery.idempotency_key)
            provider_id = sms.gateway().send(address, text, delivery.idempotency_key)
    except sms.LimitReached:
        _fail(delivery, "limit")
        return
    except PermanentFailure as end:
        _fail(delivery, "foreign_link" if "foreign" in str(end) else "refused")
        raise
    failpoint(f"message.{delivery.channel}.handed_over")
    kept = LEGAL if although_off else delivery.reason if delivery.reason == FALLBACK else ""
    went_to = "" if declared is None or declared.hides_recipient else _masked(address, delivery.channel)
    _close(delivery, DeliveryState.SENT, provider_id=provider_id[:60], sent_at=clock.now(), went_to=went_to, reason=kept)


def mark_failed(*, delivery_id: int) -> None:
    """Mark a delivery as failed, after the last try of its job. The message stays in the inbox."""
    delivery = Delivery.objects.select_related("message__person").get(pk=delivery_id)
    if delivery.state == DeliveryState.WAITING:
        _fail(delivery, "exhausted")


def limited_until(delivery: Delivery) -> dt.datetime | None:
    """When the number takes another message, where a delivery failed at its limit; None where it may be tried again now."""
    if delivery.channel != Channel.SMS or delivery.reason != "limit":
        return None
    return sms.free_at(address_of(delivery.message.person, delivery.channel))


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


def sms_text(message: Message, language: str, *, although_off: bool = False) -> str:
    """The short text and the address of the page it leads to. Raises PermanentFailure for a link to another host.

    `although_off`: the person switched text messages off, and it is a legal notice, which it says.
    """
    short = message.short_ar if language == "ar" else message.short_en
    with translation.override(language):
        mark = str(LEGAL_MARK) if although_off else ""
    text = "\n".join(filter(None, [short, mark, link(message.path, language)]))
    if foreign_links(text):
        raise PermanentFailure("foreign link in a text message")
    return text


@transaction.atomic
def _fail(delivery: Delivery, reason: str) -> None:
    # The message is locked first: two channels that fail at once would each see the other one as waiting.
    Message.objects.select_for_update(no_key=True).get(pk=delivery.message_id)
    _close(delivery, DeliveryState.FAILED, reason=reason)
    _fall_back(delivery.message)


def _close(delivery: Delivery, state: DeliveryState, **changes: Any) -> None:
    """Set the result by one UPDATE, unless another worker has sent the message already."""
    changes.setdefault("reason", "")
    Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.SENT).update(state=state, **changes)


def deliver_code(*, user_id: int, channel: str, code_id: int) -> None:
    """Send a one-time code to an address that is being confirmed. The arguments of the job, which staff read, hold neither of them.

    A code that is no longer valid is not sent, nor is one over the limits of a number, nor any to a closed account.
    """
    from municipality.accounts.services.contacts import code_to_send

    address, code = code_to_send(code_id)
    language = get_user_model().objects.filter(pk=user_id, is_active=True).values_list("language", flat=True).first()
    if not code or language is None:
        return
    key = f"code-{code_id}"
    with translation.override(language):
        text = gettext("Kuwait Municipality: your confirmation code is %(code)s. Please give it to nobody.") % {"code": code}
        if channel == Channel.EMAIL:
            mail.send(subject=gettext("Your confirmation code"), body=text, to=address, idempotency_key=key)
            return
    send_sms_code(to=address, text=text, idempotency_key=key)


def warn_replaced(*, code_id: int) -> None:
    """Tell the address that a confirmed one took the place of, by a job: whoever still has it may have lost it to somebody else.

    Nothing is sent to a closed account, nor where the change was undone meanwhile: the address is the person's own then, and has the
    message about it. The arguments of the job, which staff read, hold no address.
    """
    from municipality.accounts.services.contacts import replaced_address

    person, contact, address = replaced_address(code_id)
    if person is None or not address or address_of(person, Channel.EMAIL if contact == "email" else Channel.SMS) == address:
        return
    declared, key = MESSAGE_KINDS["accounts.contact_changed"], f"replaced-{code_id}"
    language = str(person.language)
    texts, path = declared.texts({}, language), link(declared.path({}), language)
    with translation.override(language):
        if contact == "email":
            mail.send(subject=texts.title, body=texts.body, to=address, idempotency_key=key, url=path, is_legal=True)
            return
    send_sms(to=address, text=f"{texts.short}\n{path}", idempotency_key=key)


def send_sms_code(*, to: str, text: str, idempotency_key: str) -> bool:
    """Send a text with a one-time code. Returns False, and sends nothing, over the limits of the number."""
    return send_sms(to=to, text=text, idempotency_key=idempotency_key, is_code=True)


def send_sms(*, to: str, text: str, idempotency_key: str, is_code: bool = False) -> bool:
    """Send a text to somebody without an account. Returns False, and sends nothing, over the limits of the number."""
    try:
        sms.count_message(to, idempotency_key=idempotency_key, is_code=is_code)
    except sms.LimitReached:
        return False
    sms.gateway().send(to, text, idempotency_key)
    return True


def send_uncounted_sms(*, to: str, text: str, idempotency_key: str) -> None:
    """Send a text that its caller has counted, so that it takes nothing of the number's limits: anybody may have typed the number."""
    sms.gateway().send(to, text, idempotency_key)


def mark_read(message: Message) -> None:
    """Store when the person opened a message first."""
    if message.read_at is None:
        now = clock.now()
        if Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=now):
            message.read_at = now


@transaction.atomic
def choose_channels(*, person: User, email: bool, sms: bool) -> None:
    """Choose the channels of messages that are no legal notices."""
    off = {"email_off": not email, "sms_off": not sms}
    ChannelChoice.objects.update_or_create(person=person, defaults={**off, "changed_at": clock.now()})
    record("notifications.channels_chosen", subject=person.key, actor=actor_of(person), data=off)
