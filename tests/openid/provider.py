"""An OpenID Connect provider to sign in at: django-oauth-toolkit in a process of its own. Run as `python provider.py PORT FOLDER`.

Whoever comes is the person that `/control` named last; it also says what the provider does wrong from then on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

CLIENT_ID, CLIENT_SECRET = "portal", "a secret of the provider and the portal"
# Claims of whoever signs in, and faults: seconds by which tokens are too old, names of claims that only the user info has, and what
# stands in a token in place of the right nonce, audience and issuer.
NOW: dict[str, Any] = {"claims": {}, "age": 0, "nonce": "", "without": [], "audience": "", "issuer": ""}
QUIET = dict(NOW)


def _key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def set_up(port: int, folder: Path) -> None:
    """Django's settings of this process."""
    settings.configure(
        SECRET_KEY="of the provider of the tests alone",
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF="provider",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite3", "OPTIONS": {"timeout": 20}}},
        SESSION_COOKIE_NAME="provider",
        LOGIN_URL="/login",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": _key(),
            "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{port}/o",
            "OAUTH2_VALIDATOR_CLASS": "provider.Validator",
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "who", "profile": "names"},
            "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
        },
    )
    django.setup()


def _validator() -> Any:
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class Validator(OAuth2Validator):  # type: ignore[misc]
        """Says of everybody what `/control` told it to, honestly or not."""

        oidc_claim_scope = None

        def get_additional_claims(self, request: Any) -> dict[str, Any]:
            return dict(NOW["claims"])

        def get_id_token_dictionary(self, token: Any, token_handler: Any, request: Any) -> Any:
            claims, ends = super().get_id_token_dictionary(token, token_handler, request)
            claims = {name: value for name, value in claims.items() if name not in NOW["without"]}
            if NOW["age"]:
                claims["exp"] = int(claims["auth_time"]) - NOW["age"]
            if NOW["nonce"]:
                claims["nonce"] = NOW["nonce"]
            if NOW["audience"]:
                claims["aud"] = NOW["audience"]
            if NOW["issuer"]:
                claims["iss"] = NOW["issuer"]
            return claims, ends

    return Validator


def __getattr__(name: str) -> Any:
    if name == "Validator":  # made once the toolkit may be imported
        return globals().setdefault("Validator", _validator())
    if name == "urlpatterns":
        return [
            path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
            path("login", login),
            path("control", control),
        ]
    raise AttributeError(name)


def login(request: HttpRequest) -> HttpResponse:
    """Whoever comes is signed in as the one account there is."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth import login as sign_in
    from django.shortcuts import redirect

    user, _ = get_user_model().objects.get_or_create(username="somebody")
    sign_in(request, user)
    return redirect(request.GET["next"])


@csrf_exempt
def control(request: HttpRequest) -> HttpResponse:
    """Set who comes next and what goes wrong; everything not named is as it should be."""
    from oauth2_provider.models import get_application_model

    told = json.loads(request.body)
    if "back" in told:
        get_application_model().objects.update(redirect_uris=told.pop("back"))
    NOW.update(QUIET | told)
    return JsonResponse(NOW)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    set_up(port, folder)
    call_command("migrate", verbosity=0)
    from oauth2_provider.models import get_application_model

    get_application_model().objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris="https://nowhere.example",
        skip_authorization=True,
        algorithm="RS256",
        name="portal",
    )
    with make_server("127.0.0.1", port, get_wsgi_application(), server_class=Server, handler_class=Silent) as server:
        server.serve_forever()


if __name__ == "__main__":
    sys.modules["provider"] = sys.modules["__main__"]
    main()
