"""What the home page says of this service. It is not open yet and takes no input."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import ServiceEntry, offer


def announce() -> None:
    offer(
        ServiceEntry(
            code="shops",
            icon="shop",
            name=_("Find a shop"),
            summary=_("The licence of any shop, its boards, and what inspections found."),
            needs=_("The name or the licence number"),
            order=4,
        )
    )
