"""The sign-in pages of people: start, wait, finish."""

from __future__ import annotations

from typing import Any

import segno
from allauth.socialaccount.helpers import complete_social_login
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from municipality.accounts import civil_ids, demo_sign_in, known_devices, limits, next_paths, openid
from municipality.accounts.access import access, public
from municipality.accounts.forms import SignInForm
from municipality.accounts.mobile_id.port import Channel, ProviderAway
from municipality.accounts.mobile_id.provider import MobileIdProvider
from municipality.accounts.models import SignInRequest, SignInStatus
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import sign_in as services
from municipality.accounts.services.sessions import ENDED
from municipality.kernel import clock
from municipality.kernel.errors import TooMany
from municipality.ui.language import read_form

REQUEST_SESSION_KEY = "sign_in"  # in the session: the request of this browser and the nonce that proves it
SUGGESTED_PHONE = "suggested_phone"


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form for a push to the phone of a civil number, or for a QR code."""
    user = request.user
    next_path = next_paths.requested(request)
    if user.is_authenticated and not user.is_staff:
        return redirect(next_path or resolve_url("/"))
    form, submitted = read_form(request, SignInForm)
    if not submitted:
        return _form(request, form, next_path)
    if request.POST.get("channel") == "qr":
        return _begin(request, SignInForm(), None, "qr", next_path)
    if not form.is_valid():
        return _form(request, form, next_path, status=400)
    return _begin(request, form, form.cleaned_data["civil_id"], "push", next_path)


def _form(request: HttpRequest, form: SignInForm, next_path: str, **context: Any) -> HttpResponse:
    status = context.pop("status", 200)
    people = demo_sign_in.people(request)
    page = {"form": form, "next": next_path, "ended": request.session.pop(ENDED, ""), "demo_people": people, **sign_in_options(), **context}
    response = render(request, "accounts/sign_in.html", page, status=status)
    known_devices.remember(request, response)
    return response


def sign_in_options() -> dict[str, Any]:
    """Context of pages that list the ways to sign in: which of them the settings configure."""
    label = settings.OPENID_LABEL_AR if get_language() == "ar" else settings.OPENID_LABEL_EN
    return {"by_mobile_id": bool(settings.MOBILE_ID_URL), "by_openid": openid.is_set_up(), "openid_label": label}


def too_many_requests(request: HttpRequest, next_path: str) -> HttpResponse:
    """The sign-in page with status 429: too many requests of this connection."""
    response = _form(request, SignInForm(), next_path, status=429, refusal=services.TOO_MANY_REQUESTS)
    response["Retry-After"] = "600"
    return response


def _begin(request: HttpRequest, form: SignInForm, number: str | None, channel: Channel, next_path: str) -> HttpResponse:
    try:
        client: dict[str, Any] = {"address": limits.address_of(request), "device": known_devices.read(request)}
        pending = services.begin(number=number, channel=channel, next_path=next_path, **client)
    except TooMany as refusal:
        response = _form(request, form, next_path, status=refusal.status, refusal=refusal.sentence)
        response["Retry-After"] = "600"
        return response
    except ProviderAway:
        return outcome(request, "away", next_path, status=503)
    request.session[REQUEST_SESSION_KEY] = [pending.row.pk, pending.nonce]
    return redirect("accounts:waiting")


def outcome(request: HttpRequest, what: str, next_path: str, status: int = 200) -> HttpResponse:
    """The page after a sign-in that opened no session: what happened and what to do."""
    return render(request, "accounts/outcome.html", {"what": what, "next": next_path, **sign_in_options()}, status=status)


def _stored_request(request: HttpRequest) -> SignInRequest | None:
    stored = request.session.get(REQUEST_SESSION_KEY)
    return services.request_of_browser(*stored) if isinstance(stored, list) and len(stored) == 2 else None


OUTCOMES = {SignInStatus.DECLINED: "declined", SignInStatus.EXPIRED: "expired", SignInStatus.FAILED: "failed"}


@public
@never_cache
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """The page until the phone has answered. Without JavaScript it reloads itself."""
    row = _stored_request(request)
    if row is None:
        return redirect("accounts:sign_in")
    try:
        row = services.refresh(row)
        trouble = services.is_in_trouble(row)
    except ProviderAway:
        trouble = True
    if row.status == SignInStatus.APPROVED:
        return redirect("accounts:finish")
    if row.status in OUTCOMES:
        request.session.pop(REQUEST_SESSION_KEY, None)
        return outcome(request, OUTCOMES[SignInStatus(row.status)], row.next_path)
    demo = demo_sign_in.is_available(request)
    page = {
        "row": row,
        "trouble": trouble,
        "seconds_left": max(0, int((row.expires_at - clock.now()).total_seconds())),
        "code": _qr_image(row.qr) if row.qr else "",
        "demo": demo,
        "demo_people": demo_sign_in.people(request) if demo and row.channel == "qr" else [],
        "phone_url": demo_sign_in.phone_url(row, get_language() or "ar") if demo else "",
    }
    return render(request, "accounts/waiting.html", page)


def _qr_image(text: str) -> str:
    """A QR code as an SVG data address."""
    return str(segno.make_qr(text, error="m").svg_data_uri(scale=6, border=4, light="#fff"))


@public
@never_cache
@require_GET
def status(request: HttpRequest) -> JsonResponse:
    """Whether the phone has answered, for the script of the waiting page: `done` sends the browser to `location`."""
    row = _stored_request(request)
    if row is not None:
        try:
            row = services.refresh(row)
        except ProviderAway:
            return JsonResponse({"done": False, "state": "away"})
        if row.status == SignInStatus.PENDING:
            return JsonResponse({"done": False, "state": "pending"})
        # The waiting page shows how it ended, unless it was approved.
        name = "finish" if row.status == SignInStatus.APPROVED else "waiting"
        return JsonResponse({"done": True, "state": row.status, "location": reverse(f"accounts:{name}")})
    return JsonResponse({"done": True, "state": "none", "location": reverse("accounts:sign_in")})


@public
@never_cache
@require_GET
def finish(request: HttpRequest) -> HttpResponse:
    """Sign in, once. By GET, since the waiting page reloads itself; only the browser that started the request has its nonce."""
    row = _stored_request(request)
    if row is None:
        return redirect("accounts:sign_in")
    try:
        person, result = services.finish(row)
    except ProviderAway:
        return outcome(request, "away_late", row.next_path, status=503)  # the waiting page would lead straight back here
    except services.UnusableAnswer:
        request.session.pop(REQUEST_SESSION_KEY, None)
        return outcome(request, "failed", row.next_path, status=409)
    request.session.pop(REQUEST_SESSION_KEY, None)
    if not person.is_active:
        return outcome(request, "inactive", "", status=403)
    login = MobileIdProvider(request).sociallogin_from_response(request, result)
    login.state = {"process": "login", "next": row.next_path or resolve_url("/")}
    response: HttpResponse = complete_social_login(request, login)
    mobile = result.person.mobile if result.person else ""
    if request.user.is_authenticated and mobile and person.phone_confirmed_at is None:
        request.session[SUGGESTED_PHONE] = mobile
    return response


@access("any", without_passkey=True)
@require_POST
def sign_out(request: AuthenticatedHttpRequest) -> HttpResponseRedirect:
    """Sign out; redirects staff to their own sign-in page."""
    url = reverse("account_login") if request.user.is_staff else resolve_url("/")
    logout(request)
    return HttpResponseRedirect(url)


@public
@never_cache
@require_POST
@demo_sign_in.demo_only
def demo_start(request: HttpRequest) -> HttpResponse:
    """Start a request for a person of the demo, as the form would."""
    person = next((p for p in demo_sign_in.people(request) if p.public_id == request.POST.get("person")), None)
    if person is None:
        return redirect("accounts:sign_in")
    return _begin(request, SignInForm(), civil_ids.decrypt(person.civil_id_cipher), "push", next_paths.requested(request))


@public
@never_cache
@require_POST
@demo_sign_in.demo_only
def demo_answer(request: HttpRequest) -> HttpResponse:
    """Approve or decline the request at the simulator, as the phone would."""
    row = _stored_request(request)
    if row is not None:
        person = next((p for p in demo_sign_in.people(request) if p.public_id == request.POST.get("person")), None)
        demo_sign_in.decide(row, "decline" if request.POST.get("decision") == "decline" else "approve", person)
    return redirect("accounts:waiting")
