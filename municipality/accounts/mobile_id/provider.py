"""Kuwait Mobile ID as a provider of allauth. The uid of an account is the keyed hash of the civil number."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.providers.base import Provider, ProviderAccount
from django.http import HttpRequest
from django.urls import reverse

from municipality.accounts import civil_ids
from municipality.accounts.mobile_id.port import Person, Result

PROVIDER_ID = "mobile_id"


class MobileIdAccount(ProviderAccount):
    """Shown by a fixed name, without data of its owner."""

    def to_str(self) -> str:
        return "Kuwait Mobile ID"


class MobileIdProvider(Provider):
    """Turns an approved `Result` into a login. The flow is in `views.sign_in`, without a redirect to a provider."""

    id = PROVIDER_ID
    name = "Kuwait Mobile ID"
    account_class = MobileIdAccount
    uses_apps = False

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("accounts:sign_in")

    def extract_uid(self, data: Result) -> str:
        return civil_ids.digest(_approved(data).civil_id)

    def extract_extra_data(self, data: Result) -> dict[str, str]:
        return {"assurance": data.assurance}

    def extract_common_fields(self, data: Result) -> dict[str, str]:
        person = _approved(data)
        return {"name_ar": person.name_ar, "name_en": person.name_en}


def _approved(result: Result) -> Person:
    if result.person is None:
        raise ValueError("nobody approved")
    return result.person
