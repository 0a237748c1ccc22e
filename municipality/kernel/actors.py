"""Who acts. A row of history names an actor by an opaque key, never by a name or a civil number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`role` is applicant, delegate, assistant, officer, supervisor, auditor, operator or system; `key` is `person:<public id>`,
    `staff:<public id>` or `system:<part>`. Whoever acts for somebody else names that person in `for_key`: every event and every
    act then says who for whom.
    """

    role: str
    key: str
    for_key: str = ""

    @property
    def whom(self) -> dict[str, str]:
        """What events and acts note of somebody who acts for another: `{"for": key}`, else nothing."""
        return {"for": self.for_key} if self.for_key else {}

    @property
    def is_system(self) -> bool:
        return self.role == "system"


def system(part: str) -> Actor:
    """The portal itself, acting by rule: `system("payments")`."""
    return Actor("system", f"system:{part}")
