"""The rulebook, prepared by one member of staff and published by another."""

from __future__ import annotations

import datetime as dt

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.rulebook.models import Activity
from municipality.rulebook.seeds import seed
from sandbox.demo.loading import Loading


def run(loading: Loading) -> str:
    maker, publisher = (User.objects.get(login=login) for login in ("rule.maker", "rule.publisher"))
    with clock.at(loading.anchor - dt.timedelta(days=220)):  # before the first case
        published = seed(maker, publisher, mail_host="example.com")
    return f"{Activity.objects.count()} activities, {published} editions of rules"
