"""Adapters of allauth: no registration, no e-mails, redirects to local paths only."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.translation import get_language, gettext

from municipality.accounts import civil_ids
from municipality.accounts.backends import path_for
from municipality.accounts.models import User
from municipality.accounts.next_paths import is_local


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in, stages and redirects."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        return is_local(url)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        return reverse("admin:index") if user.is_staff else resolve_url("/")

    def get_login_stages(self) -> list[str]:
        """One stage: every staff login needs the second factor, enrolled or not."""
        return ["municipality.accounts.stages.SecondFactorStage"]

    def login(self, request: HttpRequest, user: User) -> None:
        user.backend = path_for(user)
        super().login(request, user)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """No flash messages: the pages themselves say what happened."""

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """No e-mails: the portal's own notifications send them."""


class SocialAdapter(DefaultSocialAccountAdapter):
    """Users are created by `services.sign_in.get_or_create_user`; allauth only opens their session."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def get_requests_session(self) -> requests.Session:
        """A session for the identity provider: own CA file, short timeouts, no redirects, no proxy or netrc of the machine."""
        session = requests.Session()
        session.trust_env = False
        session.verify = settings.OPENID_CA_FILE or True
        session.max_redirects = 0
        session.request = partial(session.request, timeout=(3, 5))  # type: ignore[method-assign]
        return session

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = sociallogin.user
        user.name_ar, user.name_en = data["name_ar"], data["name_en"]
        return user


class SecondFactorAdapter(DefaultMFAAdapter):
    """Encrypts the secrets of second factors at rest, and describes passkeys."""

    def encrypt(self, text: str) -> str:
        return civil_ids.encrypt(text, "second_factor")

    def decrypt(self, encrypted_text: str) -> str:
        return civil_ids.decrypt(encrypted_text, "second_factor")

    def get_totp_label(self, user: User) -> str:
        return str(user.login)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The host of the request: a passkey works for that host only."""
        host = urlsplit(f"//{context.request.get_host()}").hostname or ""
        return {"id": host, "name": gettext("Kuwait Municipality")}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """What a passkey stores about its holder: an opaque id, and names for the list that the device shows."""
        name = user.login if user.is_staff else user.civil_id_masked
        return {
            "id": user.public_id.encode("ascii"),
            "name": name,
            "display_name": user.name_ar if get_language() == "ar" else user.name_en,
        }
