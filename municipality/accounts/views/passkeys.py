"""Passkeys: signing in with one, people and staff each at their own door, and the list on the profile."""

from __future__ import annotations

from functools import wraps
from typing import Any

from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.contrib.auth import logout
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts import devices, keyholders, known_devices, limits, next_paths, proof
from municipality.accounts.access import View, access, has_second_factor, led_to_key, public
from municipality.accounts.forms import PasskeyNameForm
from municipality.accounts.models import actor_of
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import passkeys as services
from municipality.accounts.services.sign_in import TOO_MANY_FROM_HERE
from municipality.accounts.views.sign_in import outcome
from municipality.audit.services import record
from municipality.ui.language import is_switch, read_form


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Enter with a passkey, into an account that an identity provider once made known."""
    return _sign_in(request, of_staff=False)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    """Staff enter with a passkey alone, however often somebody typed wrong passwords in their name."""
    return _sign_in(request, of_staff=True)


def _sign_in(request: HttpRequest, *, of_staff: bool) -> HttpResponse:
    user = request.user
    next_path = next_paths.asked(request)
    if user.is_authenticated and (of_staff or not user.is_staff):
        if of_staff and not (user.is_staff and has_second_factor(request)):
            return render(request, "account/other_session.html", status=403)
        return redirect(next_path or _home(of_staff))
    if request.method != "POST" or is_switch(request):
        return _door(request, next_path, of_staff)
    if not limits.may_start(address=limits.address_of(request), device=known_devices.of(request)):
        return _door(request, next_path, of_staff, refusal=TOO_MANY_FROM_HERE, status=429)
    try:
        key = services.proven(request, request.POST.get("credential", ""), of_staff=of_staff)
    except services.Unusable as refusal:
        return _door(request, next_path, of_staff, refusal=refusal.sentence, status=400)
    person: Any = key.user
    if not person.is_active:
        return redirect("account_inactive") if of_staff else outcome(request, "inactive", "", status=403)
    with transaction.atomic():
        login = Login(user=person, redirect_url=next_path or _home(of_staff))
        response: HttpResponse = perform_passwordless_login(request, key, login)
        record("accounts.signed_in", subject=person.key, actor=actor_of(person), data={"channel": "passkey", "key": key.pk})
    if of_staff:
        known_devices.keep(request, response, login=person.login)
    return response


def _home(of_staff: bool) -> str:
    return reverse("admin:index") if of_staff else resolve_url("/")


def _door(request: HttpRequest, next_path: str, of_staff: bool, *, refusal: Any = "", status: int = 200) -> HttpResponse:
    page = {"options": services.ask(request), "next": next_path, "refusal": refusal, "of_staff": of_staff}
    response = render(request, "accounts/passkey_sign_in.html", page, status=status)
    known_devices.keep(request, response)
    if status == 429:
        response["Retry-After"] = "600"
    return response


@access("any", before_key=True)
@require_POST
def again(request: AuthenticatedHttpRequest) -> HttpResponseRedirect:
    """Sign out and come back through the door: whoever has no passkey proves themselves there. What they had typed comes along."""
    user = request.user
    back = next_paths.asked(request)
    door = reverse("account_login" if user.is_staff else "accounts:sign_in")
    logout(request)
    proof.carry(request, request.POST.get("kept", ""))
    return HttpResponseRedirect(f"{door}?{urlencode({'next': back})}" if back else door)


@access("any", before_key=True)
@require_safe
def listing(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The account's passkeys."""
    user = request.user
    return render(request, "accounts/passkeys.html", {"keys": [_shown(key) for key in services.of(user)]})


def _shown(key: Authenticator) -> dict[str, Any]:
    return {"pk": key.pk, "name": key.data.get("name", ""), "since": key.created_at, "used": key.last_used_at}


def _by_key_if_any(view: View) -> View:
    """Whoever must come by a passkey and has one uses it before the list of them changes: a phished code adds none."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if keyholders.is_lacking(request) and services.of(request.user).exists():  # type: ignore[arg-type]
            return led_to_key(request)
        return view(request, *args, **kwargs)

    return guarded


@access("any", before_key=True)
@require_http_methods(["GET", "HEAD", "POST"])
@_by_key_if_any
@reauthentication_required(on_get=True)
def add(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Make a passkey; only while the last proof is fresh. The first one of an officer opens what had been closed to their code."""
    user = request.user
    back = next_paths.asked(request)
    suggested = devices.describe(request.headers.get("user-agent", ""))
    form, submitted = read_form(request, PasskeyNameForm, initial={"name": suggested})
    try:
        # Without an answer of the device they come back from the page that asks again: the form with the name they had typed.
        if submitted and form.is_valid() and "credential" in request.POST:
            key = services.add(request, user, name=form.cleaned_data["name"], answer=request.POST.get("credential", ""))
            if user.is_staff:
                proof.note(request, key)
            return redirect(back or "accounts:passkeys")
    except services.Unusable as refusal:
        form.add_error(None, refusal.sentence)
    except (services.NotFresh, services.TooMany):
        pass  # said below, as when the page is opened
    try:
        options = services.offer(request, user)
    except (services.NotFresh, services.TooMany) as refusal:
        stale = isinstance(refusal, services.NotFresh)
        return render(request, "accounts/passkey_not_now.html", {"refusal": refusal.sentence, "stale": stale}, status=409)
    page = {"form": form, "options": options, "next": back}
    return render(request, "accounts/passkey_add.html", page, status=400 if submitted and form.errors else 200)


def _own(request: HttpRequest, key_id: int) -> Authenticator:
    key = services.of(request.user).filter(pk=key_id).first()  # type: ignore[arg-type]
    if key is None:
        raise Http404
    return key


@access("any", before_key=True)
@require_http_methods(["GET", "HEAD", "POST"])
@_by_key_if_any
@reauthentication_required
def rename(request: AuthenticatedHttpRequest, key_id: int) -> HttpResponse:
    """Give one of one's own passkeys another name."""
    user = request.user
    key = _own(request, key_id)
    form, submitted = read_form(request, PasskeyNameForm, initial={"name": key.data.get("name", "")})
    if submitted and form.is_valid():
        services.rename(user, key, form.cleaned_data["name"])
        return redirect("accounts:passkeys")
    return render(request, "accounts/passkey_name.html", {"form": form}, status=400 if submitted else 200)


@access("any", before_key=True)
@require_http_methods(["GET", "HEAD", "POST"])
@_by_key_if_any
@reauthentication_required
def remove(request: AuthenticatedHttpRequest, key_id: int) -> HttpResponse:
    """Ask first (GET), then forget one of one's own passkeys (POST)."""
    user = request.user
    key = _own(request, key_id)
    page: dict[str, Any] = {"key": _shown(key), "refusal": ""}
    if request.method != "POST" or is_switch(request):
        return render(request, "accounts/passkey_remove.html", page)
    try:
        services.remove(request, user, key)
    except services.LastWayIn as refusal:
        return render(request, "accounts/passkey_remove.html", page | {"refusal": refusal.sentence}, status=409)
    return redirect("accounts:passkeys")
