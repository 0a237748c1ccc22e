"""The unsubscribe link of a digest."""

from __future__ import annotations

from django.core import signing

from municipality.accounts.models import User

SALT = "shops.follow.stop"


def token_of(public_id: str) -> str:
    """The token of a person's unsubscribe link; valid without signing in and without expiry."""
    return signing.dumps(public_id, salt=SALT)


def person_of(token: str) -> User | None:
    """The person of a token; None for an invalid one."""
    try:
        public_id = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return User.objects.filter(public_id=str(public_id)).first()
