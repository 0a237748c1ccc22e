"""Sign-in through the OpenID Connect provider."""

from __future__ import annotations

import logging

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from municipality.accounts import known_devices, limits, next_paths, openid
from municipality.accounts.access import public
from municipality.accounts.mobile_id.port import ProviderAway
from municipality.accounts.models import actor_of
from municipality.accounts.services.sign_in import get_or_create_user
from municipality.accounts.views.sign_in import outcome, too_many_requests
from municipality.audit.services import record

log = logging.getLogger(__name__)


@public
@never_cache
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Redirect to the provider."""
    if not openid.is_set_up():
        raise Http404
    next_path = next_paths.requested(request)
    if request.user.is_authenticated and not request.user.is_staff:
        return redirect(next_path or resolve_url("/"))
    if not limits.count_sign_in(address=limits.address_of(request), device=known_devices.read(request)):
        return too_many_requests(request, next_path)
    try:
        return openid.begin(request, next_path=next_path)
    except ProviderAway as away:
        log.warning("the OpenID Connect provider is away: %s", away)
        return outcome(request, "openid_away", next_path, status=503)


@public
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """The provider's redirect back: signs in, once, in the browser that started it."""
    if not openid.is_set_up():
        raise Http404
    state = openid.take_state(request)
    if state is None:
        return outcome(request, "failed", "", status=409)
    next_path = str(state.get("next") or "")
    next_path = next_path if next_paths.is_local(next_path) else ""
    try:
        proof = openid.prove(request, state)
    except openid.Declined:
        return outcome(request, "openid_declined", next_path)
    except openid.NotProven as failure:
        log.warning("an answer of the OpenID Connect provider proves nothing: %s", failure)
        return outcome(request, "openid_failed", next_path, status=409)
    except ProviderAway as away:
        log.warning("the OpenID Connect provider is away: %s", away)
        return outcome(request, "openid_away", next_path, status=503)
    return _enter(request, proof, next_path)


def _enter(request: HttpRequest, proof: openid.Proof, next_path: str) -> HttpResponse:
    with transaction.atomic():
        person = get_or_create_user(proof.number, proof.person, provider_id=openid.PROVIDER_ID)
        if person.is_active:
            data = {"channel": "openid", "assurance": proof.assurance}
            record("accounts.signed_in", subject=person.key, actor=actor_of(person), data=data)
    if not person.is_active:
        return outcome(request, "inactive", "", status=403)
    record_authentication(request, person, method="socialaccount", provider=openid.PROVIDER_ID)
    response: HttpResponse = perform_login(request, Login(user=person, redirect_url=next_path or resolve_url("/")))
    return response
