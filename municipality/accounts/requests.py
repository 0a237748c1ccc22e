"""The type of a request that `accounts.access.access` has let through."""

from django.http import HttpRequest

from municipality.accounts.models import User


class AuthenticatedHttpRequest(HttpRequest):
    """A request of somebody signed in: `user` is a `User`, never Django's AnonymousUser."""

    user: User
