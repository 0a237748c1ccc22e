"""The signed link in a digest that ends all messages of its kind, without signing in."""

from __future__ import annotations

from django.core import signing

from municipality.accounts.models import User


def token_of(public_id: str, salt: str) -> str:
    """The token of a person's link; valid without expiry. Each kind of digest has a salt of its own."""
    return signing.dumps(public_id, salt=salt)


def person_of(token: str, salt: str) -> User | None:
    """The person of a token; None for an invalid one."""
    try:
        public_id = signing.loads(token, salt=salt)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return User.objects.filter(public_id=str(public_id)).first()
