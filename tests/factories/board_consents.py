"""Signatures under the boards of a draft."""

from __future__ import annotations

from django.test import Client

from licensing.models import BoardConsent, ConsentRole
from licensing.signage.consents import services
from municipality.accounts.models import User, actor_of
from municipality.drafts.models import Draft


def asked(draft: Draft, role: ConsentRole = ConsentRole.LANDLORD) -> tuple[BoardConsent, str]:
    """A signature that the person of a draft asks for, and the token of its link."""
    return services.ask(draft=draft, role=role, actor=actor_of(draft.person))


def agreed(draft: Draft, signer: User, role: ConsentRole = ConsentRole.LANDLORD) -> BoardConsent:
    """A signature that is given."""
    return services.agree(consent=asked(draft, role)[0], user=signer)


def link_on(client: Client, path: str, role: str) -> str:
    """The address that the page of a link shows after asking."""
    page = client.post(path, {"ask": role}).content.decode()
    return "/boards/consents/" + page.partition("/boards/consents/")[2].partition('"')[0]
