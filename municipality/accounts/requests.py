"""Types of the user of a request."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from municipality.accounts.models import User

Visitor = User | AnonymousUser


class AuthenticatedHttpRequest(HttpRequest):
    """A request that `accounts.access.access` let through: `user` is a `User`, never Django's AnonymousUser."""

    user: User
