"""The door for everybody: ask, wait, enter."""

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

from municipality.accounts import civil_ids, demo_door, known_devices, limits, next_paths, openid
from municipality.accounts.access import access, public
from municipality.accounts.forms import SignInForm
from municipality.accounts.mobile_id.port import Channel, ProviderAway
from municipality.accounts.mobile_id.provider import MobileIdProvider
from municipality.accounts.models import SignInRequest, SignInStatus
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import sign_in as services
from municipality.accounts.services.sessions import ENDED
from municipality.kernel import clock
from municipality.ui.language import read_form

ASKED = "sign_in"  # in the browser's session: the request it asked and the nonce that proves it
SUGGESTED_PHONE = "suggested_phone"


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The civil number for a push to the phone, or a code to scan."""
    user = request.user
    next_path = next_paths.asked(request)
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


def _form(request: HttpRequest, form: SignInForm, next_path: str, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    people = demo_door.people(request)
    page = {"form": form, "next": next_path, "ended": request.session.pop(ENDED, ""), "demo_people": people, **ways(), **more}
    response = render(request, "accounts/sign_in.html", page, status=status)
    known_devices.keep(request, response)
    return response


def ways() -> dict[str, Any]:
    """Which ways in the settings offer, for pages that name them."""
    label = settings.OPENID_LABEL_AR if get_language() == "ar" else settings.OPENID_LABEL_EN
    return {"by_mobile_id": bool(settings.MOBILE_ID_URL), "by_openid": openid.is_set_up(), "openid_label": label}


def too_many_from_here(request: HttpRequest, next_path: str) -> HttpResponse:
    """The page of all ways, saying that this connection asked too often."""
    response = _form(request, SignInForm(), next_path, status=429, refusal=services.TOO_MANY_FROM_HERE)
    response["Retry-After"] = "600"
    return response


def _begin(request: HttpRequest, form: SignInForm, number: str | None, channel: Channel, next_path: str) -> HttpResponse:
    try:
        client: dict[str, Any] = {"address": limits.address_of(request), "device": known_devices.of(request)}
        asked = services.begin(number=number, channel=channel, next_path=next_path, **client)
    except services.TooMany as refusal:
        response = _form(request, form, next_path, status=refusal.status, refusal=refusal.sentence)
        response["Retry-After"] = "600"
        return response
    except ProviderAway:
        return outcome(request, "away", next_path, status=503)
    request.session[ASKED] = [asked.row.pk, asked.nonce]
    return redirect("accounts:waiting")


def outcome(request: HttpRequest, what: str, next_path: str, status: int = 200) -> HttpResponse:
    """A page that says how a sign-in ended without a session, and what to do."""
    return render(request, "accounts/outcome.html", {"what": what, "next": next_path, **ways()}, status=status)


def _asked(request: HttpRequest) -> SignInRequest | None:
    kept = request.session.get(ASKED)
    return services.asked_by(*kept) if isinstance(kept, list) and len(kept) == 2 else None


OUTCOMES = {SignInStatus.DECLINED: "declined", SignInStatus.EXPIRED: "expired", SignInStatus.FAILED: "failed"}


@public
@never_cache
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """While the phone has not answered. Without JavaScript the page reloads itself."""
    row = _asked(request)
    if row is None:
        return redirect("accounts:sign_in")
    try:
        row = services.look(row)
        trouble = services.is_in_trouble(row)
    except ProviderAway:
        trouble = True
    if row.status == SignInStatus.APPROVED:
        return redirect("accounts:finish")
    if row.status in OUTCOMES:
        request.session.pop(ASKED, None)
        return outcome(request, OUTCOMES[SignInStatus(row.status)], row.next_path)
    demo = demo_door.is_open_to(request)
    page = {
        "row": row,
        "trouble": trouble,
        "seconds_left": max(0, int((row.expires_at - clock.now()).total_seconds())),
        "code": _picture(row.qr) if row.qr else "",
        "demo": demo,
        "demo_people": demo_door.people(request) if demo and row.channel == "qr" else [],
        "phone_url": demo_door.phone_url(row, get_language() or "ar") if demo else "",
    }
    return render(request, "accounts/waiting.html", page)


def _picture(text: str) -> str:
    """A QR code as an SVG data address."""
    return str(segno.make_qr(text, error="m").svg_data_uri(scale=6, border=4, light="#fff"))


@public
@never_cache
@require_GET
def status(request: HttpRequest) -> JsonResponse:
    """The waiting page's question: has the phone answered? `done` sends the browser to `location`."""
    row = _asked(request)
    if row is not None:
        try:
            row = services.look(row)
        except ProviderAway:
            return JsonResponse({"done": False, "state": "away"})
        if row.status == SignInStatus.PENDING:
            return JsonResponse({"done": False, "state": "pending"})
        # The waiting page itself shows how it ended; an approval goes straight in.
        name = "finish" if row.status == SignInStatus.APPROVED else "waiting"
        return JsonResponse({"done": True, "state": row.status, "location": reverse(f"accounts:{name}")})
    return JsonResponse({"done": True, "state": "none", "location": reverse("accounts:sign_in")})


@public
@never_cache
@require_GET
def finish(request: HttpRequest) -> HttpResponse:
    """Enter, once. By GET, since a page that reloads itself can do nothing else; only the browser that asked holds the nonce."""
    row = _asked(request)
    if row is None:
        return redirect("accounts:sign_in")
    try:
        person, result = services.finish(row)
    except ProviderAway:
        return redirect("accounts:waiting") if row.used_at is None else redirect("accounts:sign_in")
    except services.Unusable:
        request.session.pop(ASKED, None)
        return outcome(request, "failed", row.next_path, status=409)
    request.session.pop(ASKED, None)
    if not person.is_active:
        return outcome(request, "inactive", "", status=403)
    login = MobileIdProvider(request).sociallogin_from_response(request, result)
    login.state = {"process": "login", "next": row.next_path or resolve_url("/")}
    response: HttpResponse = complete_social_login(request, login)
    mobile = result.person.mobile if result.person else ""
    if request.user.is_authenticated and mobile and person.phone_confirmed_at is None:
        request.session[SUGGESTED_PHONE] = mobile
    return response


@access("any", before_key=True)
@require_POST
def sign_out(request: AuthenticatedHttpRequest) -> HttpResponseRedirect:
    """Leave; staff come back to their own door."""
    user = request.user
    door = reverse("account_login") if user.is_staff else resolve_url("/")
    logout(request)
    return HttpResponseRedirect(door)


@public
@never_cache
@require_POST
@demo_door.demo_only
def demo_start(request: HttpRequest) -> HttpResponse:
    """Ask the simulator in the name of a person of the demo, through the same request as everybody."""
    person = next((p for p in demo_door.people(request) if p.public_id == request.POST.get("person")), None)
    if person is None:
        return redirect("accounts:sign_in")
    return _begin(request, SignInForm(), civil_ids.decrypt(person.civil_id_cipher), "push", next_paths.asked(request))


@public
@never_cache
@require_POST
@demo_door.demo_only
def demo_answer(request: HttpRequest) -> HttpResponse:
    """Approve or decline at the simulator, as the phone would."""
    row = _asked(request)
    if row is not None:
        person = next((p for p in demo_door.people(request) if p.public_id == request.POST.get("person")), None)
        demo_door.decide(row, "decline" if request.POST.get("decision") == "decline" else "approve", person)
    return redirect("accounts:waiting")
