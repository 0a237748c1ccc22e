"""The link of a digest that ends them."""

from __future__ import annotations

from django.core import signing

from municipality.accounts.models import User

SALT = "shops.follow.stop"


def token_of(public_id: str) -> str:
    """What stands in the link of a digest that ends them; works without signing in and does not expire."""
    return signing.dumps(public_id, salt=SALT)


def person_of(token: str) -> User | None:
    """Whose digests a link ends; None for one that is not ours."""
    try:
        public_id = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return User.objects.filter(public_id=str(public_id)).first()
