"""Sign-in through an OpenID Connect provider (OpenID Connect Core 1.0, code flow with PKCE, state and nonce).

The settings OPENID_… configure it. An account is found only by the civil number that the provider asserts at an accepted level of
assurance, never by an e-mail address or another claim. allauth drives the flow; the identity token is verified here in full, with
its signature, although it comes over TLS.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any

import jwt
import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from municipality.accounts.mobile_id.port import Person, ProviderAway
from municipality.kernel import civil_id

PROVIDER_ID = "openid"
CALLBACK_PATH = "/accounts/openid/callback"
ALGORITHMS = tuple(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512))  # never a shared secret
LEEWAY = 30  # seconds by which two clocks may differ
NAME_LENGTH = 120


class NotProven(Exception):
    """The provider's answer proves no identity: it is late, used, for another client, or incomplete."""


class Declined(Exception):
    """The person declined, or the provider did."""


@dataclass(frozen=True)
class Proof:
    """An identity that the provider asserts: a valid civil number, the person, the level of assurance."""

    number: str
    person: Person
    assurance: str


class CivilIdProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """allauth's provider, always with PKCE."""

    pkce_enabled_default = True

    def get_oauth2_adapter(self, request: HttpRequest) -> CivilIdAdapter:
        return CivilIdAdapter(request, PROVIDER_ID)


class CivilIdAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The provider of the settings, with one callback URL whatever the host of the request."""

    def get_provider(self) -> CivilIdProvider:
        return CivilIdProvider(self.request, app=app())

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return str(settings.PORTAL_URL).rstrip("/") + CALLBACK_PATH


def is_set_up() -> bool:
    """Whether the settings configure a provider."""
    return bool(settings.OPENID_ISSUER)


def app() -> SocialApp:
    """The provider of the settings as allauth's model, unsaved: nothing of it is in the database."""
    return SocialApp(
        provider="openid_connect",
        provider_id=PROVIDER_ID,
        name="OpenID Connect",
        client_id=settings.OPENID_CLIENT_ID,
        secret=settings.OPENID_CLIENT_SECRET,
        settings={"server_url": settings.OPENID_ISSUER.rstrip("/"), "scope": list(settings.OPENID_SCOPES), "oauth_pkce_enabled": True},
    )


def begin(request: HttpRequest, *, next_path: str) -> HttpResponse:
    """A redirect to the provider. Raises ProviderAway."""
    nonce = secrets.token_urlsafe(32)
    provider = CivilIdProvider(request, app=app())
    try:
        _issuer_of(provider.get_oauth2_adapter(request).openid_config)
        response: HttpResponse = provider.redirect(
            request, process="login", next_url=next_path, data={"nonce": nonce}, auth_params={"nonce": nonce}
        )
    except (requests.RequestException, OSError, ValueError, KeyError, TypeError) as failure:
        raise ProviderAway(type(failure).__name__) from failure
    return response


def take_state(request: HttpRequest) -> dict[str, Any] | None:
    """Remove and return what this browser's session holds under the returned `state`; None if it holds nothing."""
    state: dict[str, Any] | None = statekit.unstash_state(request, provider_id=PROVIDER_ID, state_id=request.GET.get("state", ""))
    return state


def prove(request: HttpRequest, state: dict[str, Any]) -> Proof:
    """Exchange the code for tokens and verify them. Raises Declined, NotProven and ProviderAway."""
    if request.GET.get("error") == "access_denied":
        raise Declined
    if not request.GET.get("code"):
        raise NotProven("no code")
    provider = CivilIdProvider(request, app=app())
    adapter = provider.get_oauth2_adapter(request)
    try:
        config = adapter.openid_config
        issuer = _issuer_of(config)
        if request.GET.get("iss", issuer) != issuer:  # RFC 9207: an answer of another provider
            raise NotProven("another issuer")
        client = adapter.get_client(request, provider.app)
        tokens = adapter.get_access_token_data(request, provider.app, client, pkce_code_verifier=state.get("pkce_code_verifier"))
        claims = _verified_claims(tokens["id_token"], config, nonce=(state.get("data") or {}).get("nonce", ""))
        claims = _with_user_info(adapter, config, claims, tokens["access_token"])
    except OAuth2Error as refusal:
        raise NotProven("the code was refused") from refusal
    except jwt.PyJWTError as failure:
        raise NotProven(type(failure).__name__) from failure
    except requests.RequestException as failure:
        raise ProviderAway(type(failure).__name__) from failure
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise NotProven(f"not understood: {type(failure).__name__}") from failure
    return _identity(claims)


def _issuer_of(config: dict[str, Any]) -> str:
    """The issuer (OpenID Connect Discovery 1.0 section 4.3). Raises ValueError unless it is the one of the settings."""
    if str(config["issuer"]).rstrip("/") != settings.OPENID_ISSUER.rstrip("/"):
        raise ValueError("the provider's description is of another issuer")
    return str(config["issuer"])


def _verified_claims(token: str, config: dict[str, Any], *, nonce: str) -> dict[str, Any]:
    """The claims of a verified identity token (Core section 3.1.3.7). Raises PyJWTError and NotProven."""
    with get_adapter().get_requests_session() as session:
        response = session.get(config["jwks_uri"])
        response.raise_for_status()
        keys = jwt.PyJWKSet.from_dict(response.json())
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise NotProven("another algorithm")
    matching = [key for key in keys.keys if key.key_id == header.get("kid") and key.public_key_use in (None, "sig")]
    if len(matching) != 1:
        raise NotProven("no such key")
    claims: dict[str, Any] = jwt.decode(
        token,
        matching[0].key,
        algorithms=[header["alg"]],
        audience=settings.OPENID_CLIENT_ID,
        issuer=config["issuer"],
        leeway=LEEWAY,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
    )
    if not nonce or not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise NotProven("another nonce")
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != settings.OPENID_CLIENT_ID:
        raise NotProven("for another client")
    return claims


def _with_user_info(adapter: CivilIdAdapter, config: dict[str, Any], claims: dict[str, Any], access_token: str) -> dict[str, Any]:
    """The claims, with those of the user info endpoint added if the token has no civil number; claims of the token win."""
    if settings.OPENID_CIVIL_ID_CLAIM in claims or "userinfo_endpoint" not in config:
        return claims
    user_info = adapter._fetch_user_info(access_token)  # allauth has no public function for this request alone
    if user_info.get("sub") != claims["sub"]:  # Core section 5.3.2
        raise NotProven("user info of somebody else")
    return {**user_info, **claims}


def _identity(claims: dict[str, Any]) -> Proof:
    asserted = claims.get(settings.OPENID_ASSURANCE_CLAIM)
    levels = [str(level) for level in asserted] if isinstance(asserted, list) else [str(asserted)]
    level = next((level for level in levels if level in settings.OPENID_ASSURANCES), "")
    if not level:
        raise NotProven("assurance")
    try:
        number = civil_id.parse(str(claims.get(settings.OPENID_CIVIL_ID_CLAIM, "")))
    except civil_id.InvalidCivilId as failure:
        raise NotProven("no valid civil number") from failure
    name_ar, name_en = (_name(claims.get(name)) for name in (settings.OPENID_NAME_AR_CLAIM, settings.OPENID_NAME_EN_CLAIM))
    if not (name_ar or name_en):
        raise NotProven("no name")
    return Proof(number, Person(number, name_ar, name_en), level[:20])


def _name(value: object) -> str:
    return " ".join(value.split())[:NAME_LENGTH] if isinstance(value, str) else ""
