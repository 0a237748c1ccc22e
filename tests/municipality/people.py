"""People for tests of the platform, made in one line each."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from municipality.accounts import civil_ids
from municipality.accounts.backends import path_for
from municipality.accounts.models import User
from municipality.kernel import clock

SALIM = "290010100013"
NOURA = "290010100021"


def person(number: str = SALIM, *, reachable: bool = True, **fields: Any) -> User:
    """Somebody who signs in with Kuwait Mobile ID, with confirmed e-mail and phone unless said otherwise."""
    now = clock.now() if reachable else None
    values = {
        "name_ar": "سالم العنزي",
        "name_en": "Salim Al-Enezi",
        "email": f"{number}@mail.example",
        "phone": f"965{number[-8:]}",
        "email_confirmed_at": now,
        "phone_confirmed_at": now,
        **civil_ids.fields(number),
        **fields,
    }
    return User.objects.create_user(**values)


def staff(*groups: str, login: str = "staff", **fields: Any) -> User:
    """A member of staff in the groups named."""
    user = User.objects.create_user(name_ar="هدى المطيري", name_en="Huda Al-Mutairi", login=login, is_staff=True, **fields)
    for name in groups:
        user.groups.add(Group.objects.get_or_create(name=name)[0])
    return user


def signed_in(user: User, *, factor: str = "webauthn") -> Client:
    """A browser in which the user has signed in; staff with a second factor, a passkey (`webauthn`) or a code (`totp`)."""
    client = Client()
    client.force_login(user, backend=path_for(user))
    if user.is_staff:
        session = client.session
        now = clock.now().timestamp()
        session["account_authentication_methods"] = [{"method": "password", "at": now}, {"method": "mfa", "type": factor, "at": now}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return client
