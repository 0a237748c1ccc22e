"""The actor of an event or of an audit event: an opaque key, never a name or a civil number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`role` is applicant, delegate, assistant, officer, supervisor, auditor, operator, visitor or system; `key` is
    `person:<public id>`, `staff:<public id>`, `visitor:<part>` or `system:<part>`; `for_key` is the key of the person on whose behalf
    the actor acts, if any.
    """

    role: str
    key: str
    for_key: str = ""

    @property
    def event_data(self) -> dict[str, str]:
        """What the data of an event says of the actor: `{"for": key}` for one who acts on behalf of another, else `{}`."""
        return {"for": self.for_key} if self.for_key else {}

    @property
    def is_system(self) -> bool:
        return self.role == "system"


# Somebody who is not signed in, or who acts without the rights of their account: the portal does not know who it is.
VISITOR = Actor("visitor", "visitor:web")


def system(part: str) -> Actor:
    """The actor of what the portal does by itself: `system("payments")`."""
    return Actor("system", f"system:{part}")
