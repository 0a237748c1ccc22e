"""Messages about a user's own account; the texts are in templates/accounts/messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.notifications.registry import MessageKind


class _AccountMessage(MessageKind):
    legal = _("warnings about your account")


class _PasskeyMessage(_AccountMessage):
    page = "/profile/passkeys/"


class PasskeyAdded(_PasskeyMessage):
    kind = "accounts.passkey_added"


class PasskeyRemoved(_PasskeyMessage):
    kind = "accounts.passkey_removed"


class PasskeyRecoveryOpened(_PasskeyMessage):
    kind = "accounts.way_back_opened"


class ContactChanged(_AccountMessage):
    """The e-mail address or phone was replaced by another one."""

    kind = "accounts.contact_changed"
    page = "/profile/"


class SuperuserMade(_AccountMessage):
    kind = "accounts.superuser_made"


class SuperuserSignedIn(_AccountMessage):
    kind = "accounts.superuser_signed_in"


_ALL = (PasskeyAdded, PasskeyRemoved, PasskeyRecoveryOpened, ContactChanged, SuperuserMade, SuperuserSignedIn)
ACCOUNT_MESSAGES: dict[str, type[MessageKind]] = {message.kind: message for message in _ALL}
