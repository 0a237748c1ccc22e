"""Messages about a person's own account; the words are in templates/accounts/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from municipality.notifications.registry import MessageKind


class _AboutKeys(MessageKind):
    def path(self, context: Mapping[str, Any]) -> str:
        return "/profile/passkeys/"


class PasskeyAdded(_AboutKeys):
    kind = "accounts.passkey_added"


class PasskeyRemoved(_AboutKeys):
    kind = "accounts.passkey_removed"


class WayBackOpened(_AboutKeys):
    kind = "accounts.way_back_opened"


class SuperuserMade(MessageKind):
    kind = "accounts.superuser_made"


class SuperuserSignedIn(MessageKind):
    kind = "accounts.superuser_signed_in"


_ALL = (PasskeyAdded, PasskeyRemoved, WayBackOpened, SuperuserMade, SuperuserSignedIn)
KINDS: dict[str, type[MessageKind]] = {message.kind: message for message in _ALL}
