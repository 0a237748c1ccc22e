"""Boards of the journeys' shops that end soon. Runs inside `manage.py shell` of the stack."""

from __future__ import annotations

from tools.benchmarks.licensed_boards import license_boards

ENDS_IN_DAYS = 20


def add(shops: dict[str, int]) -> None:
    """Give every shop (public id) so many licensed boards that end soon."""
    from shops.models import Shop
    from shops.register.queries import with_names

    for public_id, count in shops.items():
        license_boards(list(with_names(Shop.objects.filter(public_id=public_id))), count, ends_in=ENDS_IN_DAYS, seed=f"boards {public_id}")
