"""Signing in by an OpenID Connect provider that really runs, and every answer of it that must open nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from municipality.accounts import civil_ids, openid
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from tests.factories.accounts import NOURA, PersonFactory
from tests.municipality.accounts.conftest import Phones, address, enter, signed_in
from tests.openid.provider import CLIENT_ID, CLIENT_SECRET
from tests.openid.running import Provider

pytestmark = pytest.mark.django_db
NUMBER = "290010100011"
BACK = "https://portal.example.test/accounts/openid/callback"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    provider = Provider(tmp_path_factory.mktemp("provider")).start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(running: Provider, settings: Any) -> Provider:
    settings.OPENID_ISSUER, settings.OPENID_CLIENT_ID, settings.OPENID_CLIENT_SECRET = running.issuer, CLIENT_ID, CLIENT_SECRET
    settings.OPENID_ASSURANCES = ["substantial", "high"]
    settings.OPENID_LABEL_AR, settings.OPENID_LABEL_EN = "هوية التجربة", "Trial identity"
    settings.PORTAL_URL = "https://portal.example.test"
    running.tell(NUMBER, back=BACK)
    return running


def go(client: Client, next_path: str = "") -> str:
    """Press the button; where the browser is sent."""
    answer = client.post(address("accounts:openid_start"), {"next": next_path})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def come_back(client: Client, url: str) -> Any:
    parts = urlsplit(url)
    return client.get(f"{parts.path}?{parts.query}")


def walk(client: Client, provider: Provider, next_path: str = "") -> Any:
    """There and back."""
    return come_back(client, provider.sign_in(go(client, next_path)))


def changed(url: str, **values: str) -> str:
    """The address with other values in its query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **values})))


def test_a_person_comes_in_by_the_civil_number_that_the_provider_asserts(provider: Provider, client: Client) -> None:
    answer = walk(client, provider, "/ar/profile/")
    assert (answer.status_code, answer["Location"]) == (302, "/ar/profile/")
    user = signed_in(client)
    assert user is not None and user.civil_id_digest == civil_ids.digest(NUMBER)
    assert (user.name_ar, user.name_en, user.is_staff) == ("ليلى الصباح", "Layla Al-Sabah", False)
    act = AuditEvent.objects.get(action="accounts.signed_in", subject=user.key)
    assert act.data == {"channel": "openid", "assurance": "substantial"}
    assert client.get("/ar/profile/").status_code == 200
    assert client.get("/admin/", follow=True).status_code == 403


def test_what_is_sent_to_the_provider(provider: Provider, client: Client) -> None:
    asked = parse_qs(urlsplit(go(client)).query)
    assert asked["redirect_uri"] == [BACK] and asked["response_type"] == ["code"] and asked["client_id"] == [CLIENT_ID]
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) == 43
    assert len(asked["nonce"][0]) >= 43 and len(asked["state"][0]) >= 16
    again = parse_qs(urlsplit(go(client)).query)
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


def test_the_account_is_the_one_that_mobile_id_made(provider: Provider, phones: Phones, client: Client, settings: Any) -> None:
    person = phones.people[0]
    settings.PORTAL_URL = "https://portal.example.test"
    user = enter(client, phones, person)
    provider.tell(person.civil_id)
    other = Client()
    walk(other, provider)
    assert signed_in(other) == user
    assert set(SocialAccount.objects.filter(user=user).values_list("provider", flat=True)) == {"mobile_id", "openid"}


def test_an_email_address_links_nothing(provider: Provider, client: Client) -> None:
    known = PersonFactory(civil_id=NOURA, email="shared@mail.example")
    provider.tell(NUMBER, claims={"email": "shared@mail.example", "email_verified": True, "sub": "1"})
    walk(client, provider)
    user = signed_in(client)
    assert user is not None and user.pk != known.pk and user.email == ""


@pytest.mark.parametrize("number", ["", "290010100012", "12", "ليس رقماً", "0" * 12])
def test_without_a_valid_civil_number_nobody_comes_in(provider: Provider, client: Client, number: str) -> None:
    provider.tell(number)
    answer = walk(client, provider)
    assert answer.status_code == 409 and "الرقم المدني" in answer.content.decode()
    assert signed_in(client) is None and not User.objects.exists()


@pytest.mark.parametrize("claims", [{"acr": "low"}, {"acr": ""}, {"acr": ["low"]}, {"acr": None}, {"name": "", "name_ar": ""}])
def test_too_little_assurance_or_no_name_opens_nothing(provider: Provider, client: Client, claims: dict[str, Any]) -> None:
    provider.tell(NUMBER, claims=claims)
    assert walk(client, provider).status_code == 409
    assert signed_in(client) is None


def test_one_of_several_levels_is_enough(provider: Provider, client: Client) -> None:
    provider.tell(NUMBER, claims={"acr": ["low", "high"]})
    walk(client, provider)
    assert signed_in(client) is not None


def test_what_only_the_user_info_says_counts_too(provider: Provider, client: Client) -> None:
    provider.tell(NUMBER, without=["civil_id", "name_ar"])
    walk(client, provider)
    user = signed_in(client)
    assert user is not None and user.name_ar == "ليلى الصباح"


@pytest.mark.parametrize("missing", ["name_ar", "name"])
def test_a_name_that_the_provider_does_not_state_stays_as_it_is(provider: Provider, client: Client, missing: str) -> None:
    """Else each sign-in would put the name of one language in the place of the other's."""
    known = PersonFactory(civil_id=NUMBER, name_ar="ليلى", name_en="Layla")
    provider.tell(NUMBER, without=[missing])
    walk(client, provider)
    assert signed_in(client) == known
    known.refresh_from_db()
    assert (known.name_ar, known.name_en) == (("ليلى", "Layla Al-Sabah") if missing == "name_ar" else ("ليلى الصباح", "Layla"))


def test_a_new_person_with_one_name_bears_it_in_both_languages(provider: Provider, client: Client) -> None:
    provider.tell(NUMBER, without=["name_ar"])
    walk(client, provider)
    user = signed_in(client)
    assert user is not None and (user.name_ar, user.name_en) == ("Layla Al-Sabah", "Layla Al-Sabah")


def test_user_info_of_somebody_else_opens_nothing(provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"sub": "another", "civil_id": NUMBER, "name": "X", "acr": "high"}
    monkeypatch.setattr(openid.CivilIdAdapter, "_fetch_user_info", lambda self, token: told)
    provider.tell(NUMBER, without=["civil_id"])
    assert walk(client, provider).status_code == 409
    assert signed_in(client) is None


@pytest.mark.parametrize(
    "fault", [{"nonce": "another"}, {"age": 3600}, {"audience": "another"}, {"issuer": "https://another.example"}], ids=str
)  # fmt: skip
def test_a_token_that_is_not_for_this_question_opens_nothing(
    provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    provider.tell(NUMBER, **fault)
    assert walk(client, provider).status_code == 409
    assert signed_in(client) is None
    # Red control: without the check of the token the same answer is in.
    monkeypatch.setattr(openid, "_verified_claims", lambda token, config, nonce: jwt.decode(token, options={"verify_signature": False}))
    walk(client, provider)
    assert signed_in(client) is not None


def forged(kind: str, claims: dict[str, Any]) -> str:
    """A token with the right claims that the provider did not sign."""
    header = {"kid": claims.pop("kid")}
    if kind == "none":
        return jwt.encode(claims, None, algorithm="none", headers=header)  # type: ignore[arg-type]
    if kind == "secret":
        return jwt.encode(claims, CLIENT_SECRET, algorithm="HS256", headers=header)
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, own, algorithm="RS256", headers=header if kind == "other key" else {"kid": "unknown"})


@pytest.mark.parametrize("kind", ["none", "secret", "other key", "unknown key"])
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    honest = openid.CivilIdAdapter.get_access_token_data

    def swapped(self: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        tokens: dict[str, Any] = honest(self, *arguments, **options)
        claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
        kid = jwt.get_unverified_header(tokens["id_token"])["kid"]
        return {**tokens, "id_token": forged(kind, {**claims, "kid": kid, "exp": int(time.time()) + 60})}

    monkeypatch.setattr(openid.CivilIdAdapter, "get_access_token_data", swapped)
    assert walk(client, provider).status_code == 409
    assert signed_in(client) is None


def test_a_state_that_this_browser_did_not_begin_opens_nothing(provider: Provider, client: Client) -> None:
    back = provider.sign_in(go(client))
    assert come_back(Client(), back).status_code == 409
    assert come_back(client, changed(back, state="another")).status_code == 409
    assert signed_in(client) is None
    assert come_back(client, back).status_code == 302  # the control: the same answer, as it came, is in


def test_a_code_serves_once(provider: Provider, client: Client) -> None:
    back = provider.sign_in(go(client))
    assert come_back(client, back).status_code == 302
    client.post(address("accounts:sign_out"))
    assert come_back(client, back).status_code == 409
    code = parse_qs(urlsplit(back).query)["code"][0]
    thief = Client()
    asked = parse_qs(urlsplit(go(thief)).query)
    assert come_back(thief, f"{BACK}?{urlencode({'code': code, 'state': asked['state'][0]})}").status_code == 409
    assert signed_in(thief) is None


def test_an_intercepted_code_serves_no_other_browser(provider: Provider) -> None:
    """Unused as it is, the code is bound to the verifier (PKCE) and the nonce of the browser that asked."""
    code = parse_qs(urlsplit(provider.sign_in(go(Client()))).query)["code"][0]
    thief = Client()
    asked = parse_qs(urlsplit(go(thief)).query)
    assert come_back(thief, f"{BACK}?{urlencode({'code': code, 'state': asked['state'][0]})}").status_code == 409
    assert signed_in(thief) is None


def test_an_answer_of_another_issuer_is_not_taken(provider: Provider, client: Client) -> None:
    back = provider.sign_in(go(client))
    assert come_back(client, changed(back, iss="https://another.example")).status_code == 409
    assert signed_in(client) is None


def test_a_description_of_another_issuer_is_not_followed(provider: Provider, client: Client, settings: Any) -> None:
    settings.OPENID_ISSUER = provider.issuer.replace("127.0.0.1", "localhost")
    assert client.post(address("accounts:openid_start")).status_code == 503


def test_whoever_declines_there_is_told_so_here(provider: Provider, client: Client) -> None:
    state = parse_qs(urlsplit(go(client)).query)["state"][0]
    answer = client.get("/accounts/openid/callback", {"error": "access_denied", "state": state})
    page = answer.content.decode()
    assert answer.status_code == 200 and address("accounts:sign_in") in page and address("accounts:passkey_sign_in") in page
    state = parse_qs(urlsplit(go(client)).query)["state"][0]
    assert client.get("/accounts/openid/callback", {"error": "server_error", "state": state}).status_code == 409


def test_a_closed_account_stays_closed(provider: Provider, client: Client) -> None:
    user = PersonFactory(civil_id=NUMBER)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert walk(client, provider).status_code == 403
    assert signed_in(client) is None and not AuditEvent.objects.filter(action="accounts.signed_in").exists()


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere_afterwards(provider: Provider, client: Client, path: str) -> None:
    assert walk(client, provider, path)["Location"] == "/"


def test_a_provider_that_is_away_is_named_with_the_other_ways(provider: Provider, client: Client, settings: Any) -> None:
    back = provider.sign_in(go(client))
    settings.MOBILE_ID_URL = "https://mobile-id.example.test"
    provider.stop()
    try:
        before, after = client.post(address("accounts:openid_start")), come_back(client, back)
    finally:
        provider.start()
    for answer in (before, after):
        page = answer.content.decode()
        assert answer.status_code == 503
        assert address("accounts:sign_in") in page and address("accounts:passkey_sign_in") in page
    assert signed_in(client) is None


def test_each_way_in_is_shown_only_where_it_is_set_up(provider: Provider, client: Client, settings: Any) -> None:
    door, number = address("accounts:sign_in"), 'name="civil_id"'
    settings.MOBILE_ID_URL = "https://mobile-id.example.test"
    both = client.get(door).content.decode()
    assert "هوية التجربة" in both and number in both
    settings.MOBILE_ID_URL = ""
    alone = client.get(door).content.decode()
    assert "هوية التجربة" in alone and number not in alone
    settings.OPENID_ISSUER, settings.MOBILE_ID_URL = "", "https://mobile-id.example.test"
    without = client.get(door).content.decode()
    assert "هوية التجربة" not in without and number in without
    assert client.post(address("accounts:openid_start")).status_code == 404
    assert client.get("/accounts/openid/callback").status_code == 404


def test_a_signed_in_person_is_not_sent_anywhere(provider: Provider, client: Client) -> None:
    walk(client, provider)
    assert client.post(address("accounts:openid_start"), {"next": "/ar/profile/"})["Location"] == "/ar/profile/"


def test_too_many_tries_from_one_client_are_refused(provider: Provider, client: Client) -> None:
    answers = [client.post(address("accounts:openid_start")).status_code for _ in range(31)]
    assert answers[-1] == 429 and answers.count(302) == 30


def test_the_providers_book_is_not_believed_about_redirects(provider: Provider) -> None:
    """An answer with a redirect is no answer: the portal asks the named address and no other."""
    from allauth.socialaccount.adapter import get_adapter

    with get_adapter().get_requests_session() as session, pytest.raises(requests.TooManyRedirects):
        session.get(f"http://127.0.0.1:{provider.port}/login", params={"next": "/o/.well-known/openid-configuration"})
