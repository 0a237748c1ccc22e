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


KINDS: dict[str, type[MessageKind]] = {message.kind: message for message in (PasskeyAdded, PasskeyRemoved)}
