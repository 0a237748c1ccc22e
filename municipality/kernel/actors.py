"""Who acts. A row of history names an actor by an opaque key, never by a name or a civil number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`role` is applicant, officer, supervisor, auditor, operator or system; `key` is `person:<public id>` or `system:<part>`."""

    role: str
    key: str

    @property
    def is_system(self) -> bool:
        return self.role == "system"


def system(part: str) -> Actor:
    """The portal itself, acting by rule: `system("payments")`."""
    return Actor("system", f"system:{part}")
