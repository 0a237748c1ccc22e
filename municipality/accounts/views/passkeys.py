"""Passkeys: the sign-in pages of people and of staff, and the list on the profile."""

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
from municipality.accounts.access import View, access, has_second_factor, public, redirect_to_key
from municipality.accounts.forms import PasskeyNameForm
from municipality.accounts.models import actor_of
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import passkeys as services
from municipality.accounts.services.sign_in import TOO_MANY_REQUESTS
from municipality.accounts.views.sign_in import outcome
from municipality.audit.services import record
from municipality.ui.language import is_switch, read_form
from municipality.ui.texts import Text


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey, to an account that an identity provider created."""
    return _sign_in(request, of_staff=False)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey alone, as staff; possible even while the limit of wrong passwords is reached."""
    return _sign_in(request, of_staff=True)


def _sign_in(request: HttpRequest, *, of_staff: bool) -> HttpResponse:
    user = request.user
    next_path = next_paths.requested(request)
    if user.is_authenticated and (of_staff or not user.is_staff):
        if of_staff and not (user.is_staff and has_second_factor(request)):
            return render(request, "account/other_session.html", status=403)
        return redirect(next_path or _home(of_staff))
    if request.method != "POST" or is_switch(request):
        return _sign_in_page(request, next_path, of_staff)
    if not limits.count_sign_in(address=limits.address_of(request), device=known_devices.read(request)):
        return _sign_in_page(request, next_path, of_staff, refusal=TOO_MANY_REQUESTS, status=429)
    try:
        key = services.verify(request, request.POST.get("credential", ""), of_staff=of_staff)
    except services.UnusablePasskey as refusal:
        return _sign_in_page(request, next_path, of_staff, refusal=refusal.sentence, status=400)
    person: Any = key.user
    if not person.is_active:
        return redirect("account_inactive") if of_staff else outcome(request, "inactive", "", status=403)
    with transaction.atomic():
        login = Login(user=person, redirect_url=next_path or _home(of_staff))
        response: HttpResponse = perform_passwordless_login(request, key, login)
        record("accounts.signed_in", subject=person.key, actor=actor_of(person), data={"channel": "passkey", "key": key.pk})
    if of_staff:
        known_devices.remember(request, response, login=person.login)
    return response


def _home(of_staff: bool) -> str:
    return reverse("admin:index") if of_staff else resolve_url("/")


def _sign_in_page(request: HttpRequest, next_path: str, of_staff: bool, *, refusal: Text = "", status: int = 200) -> HttpResponse:
    page = {"options": services.authentication_options(request), "next": next_path, "refusal": refusal, "of_staff": of_staff}
    response = render(request, "accounts/passkey_sign_in.html", page, status=status)
    known_devices.remember(request, response)
    if status == 429:
        response["Retry-After"] = "600"
    return response


@access("any", without_passkey=True)
@require_POST
def sign_in_again(request: AuthenticatedHttpRequest) -> HttpResponseRedirect:
    """Sign out and redirect to the sign-in page, for reauthentication without a passkey. Keeps what was typed."""
    next_path = next_paths.requested(request)
    url = reverse("account_login" if request.user.is_staff else "accounts:sign_in")
    logout(request)
    proof.keep_typed(request, request.POST.get("kept", ""))
    return HttpResponseRedirect(f"{url}?{urlencode({'next': next_path})}" if next_path else url)


@access("any", without_passkey=True)
@require_safe
def listing(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The account's passkeys."""
    return render(request, "accounts/passkeys.html", {"keys": [_key_context(key) for key in services.of(request.user)]})


def _key_context(key: Authenticator) -> dict[str, Any]:
    return {"pk": key.pk, "name": key.data.get("name", ""), "since": key.created_at, "used": key.last_used_at}


def _passkey_first(view: View) -> View:
    """Decorator: users who need a passkey and have one must use it before they change the list, so that a phished code adds none."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if keyholders.lacks_passkey(request) and services.of(request.user).exists():  # type: ignore[arg-type]
            return redirect_to_key(request)
        return view(request, *args, **kwargs)

    return guarded


@access("any", without_passkey=True)
@require_http_methods(["GET", "HEAD", "POST"])
@_passkey_first
@reauthentication_required(on_get=True)
def add(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Add a passkey, with a recent proof. The first one of a member of staff counts as used in this session."""
    user = request.user
    next_path = next_paths.requested(request)
    suggested_name = devices.describe(request.headers.get("user-agent", ""))
    form, submitted = read_form(request, PasskeyNameForm, initial={"name": suggested_name})
    try:
        # Without a credential the POST comes from the reauthentication page: show the form with the name that was typed.
        if submitted and form.is_valid() and "credential" in request.POST:
            key = services.add(request, user, name=form.cleaned_data["name"], answer=request.POST.get("credential", ""))
            if user.is_staff:
                proof.record_proof(request, key)
            return redirect(next_path or "accounts:passkeys")
    except services.UnusablePasskey as refusal:
        form.add_error(None, refusal.sentence)
    except (services.NotFresh, services.TooManyPasskeys):
        pass  # shown below, as on GET
    try:
        options = services.registration_options(request, user)
    except (services.NotFresh, services.TooManyPasskeys) as refusal:
        stale = isinstance(refusal, services.NotFresh)
        return render(request, "accounts/passkey_not_now.html", {"refusal": refusal.sentence, "stale": stale}, status=409)
    page = {"form": form, "options": options, "next": next_path}
    return render(request, "accounts/passkey_add.html", page, status=400 if submitted and form.errors else 200)


def _own(request: HttpRequest, key_id: int) -> Authenticator:
    key = services.of(request.user).filter(pk=key_id).first()  # type: ignore[arg-type]
    if key is None:
        raise Http404
    return key


@access("any", without_passkey=True)
@require_http_methods(["GET", "HEAD", "POST"])
@_passkey_first
@reauthentication_required
def rename(request: AuthenticatedHttpRequest, key_id: int) -> HttpResponse:
    """Rename one of the own passkeys."""
    key = _own(request, key_id)
    form, submitted = read_form(request, PasskeyNameForm, initial={"name": key.data.get("name", "")})
    if submitted and form.is_valid():
        services.rename(request.user, key, form.cleaned_data["name"])
        return redirect("accounts:passkeys")
    return render(request, "accounts/passkey_name.html", {"form": form}, status=400 if submitted else 200)


@access("any", without_passkey=True)
@require_http_methods(["GET", "HEAD", "POST"])
@_passkey_first
@reauthentication_required
def remove(request: AuthenticatedHttpRequest, key_id: int) -> HttpResponse:
    """Delete one of the own passkeys (POST), after a confirmation page (GET)."""
    key = _own(request, key_id)
    page: dict[str, Any] = {"key": _key_context(key), "refusal": ""}
    if request.method != "POST" or is_switch(request):
        return render(request, "accounts/passkey_remove.html", page)
    try:
        services.remove(request, request.user, key)
    except services.LastWayIn as refusal:
        return render(request, "accounts/passkey_remove.html", page | {"refusal": refusal.sentence}, status=409)
    return redirect("accounts:passkeys")
