"""Callbacks of the gateways, the error page, and the receipt page."""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import suppress

from django.conf import settings
from django.db import Error
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts.access import public
from municipality.accounts.models import User
from municipality.cases import feedback
from municipality.kernel import clock
from municipality.kernel.errors import TransitionRefused
from municipality.ui.redirects import SeeOther
from payments import links, origins, pages, services
from payments.models import Attempt
from payments.providers.knet.errors import sentence_for
from payments.providers.port import NotConfigured
from payments.services.callbacks import MAX_BODY
from payments.states import AttemptState

log = logging.getLogger(__name__)
TEXT = "text/plain; charset=utf-8"
QUESTION = _("How easy was it to pay here?")


def _remote_addr(request: HttpRequest) -> str:
    """The address of the client, behind ALLAUTH_TRUSTED_PROXY_COUNT proxies."""
    count = getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0)
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return forwarded[-count] if count and len(forwarded) >= count else str(request.META.get("REMOTE_ADDR", ""))


@public
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def response(request: HttpRequest) -> HttpResponse:
    """Store a notification and answer `REDIRECT=…`; a browser (old flow) is redirected.

    503 when it cannot be stored, so that the bank reverses the payment instead of leaving it unrecorded.
    """
    body = b"" if request.method != "POST" else request.read(MAX_BODY + 1)
    query = {name: request.GET[name] for name in request.GET}
    if not body and "trandata" not in query:
        return HttpResponse("ok", content_type=TEXT)
    try:
        url = services.take_notification(body=body, query=query, remote_addr=_remote_addr(request))
    except (Error, NotConfigured) as exception:
        log.error("a notification was not acknowledged: %s", type(exception).__name__)
        return HttpResponse("unavailable", status=503, content_type=TEXT)
    if request.method != "POST" or settings.SESSION_COOKIE_NAME in request.COOKIES:
        return SeeOther(url)
    return HttpResponse(f"REDIRECT={url}", content_type=TEXT)


@public
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tasdeed(request: HttpRequest) -> HttpResponse:
    """Store a notice of Tasdeed; 503 when it cannot be stored, so that it is sent again (assumption)."""
    if request.method == "POST":
        try:
            services.take_notice(provider="tasdeed", body=request.read(MAX_BODY + 1), remote_addr=_remote_addr(request))
        except NotConfigured:
            log.warning("a notice of Tasdeed came, which is not set up")
        except Error as exception:
            log.error("a notice was not stored: %s", type(exception).__name__)
            return HttpResponse("unavailable", status=503, content_type=TEXT)
    return HttpResponse("ok", content_type=TEXT)


@public
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def error(request: HttpRequest) -> HttpResponse:
    """The bank could not process the payment. The fields are unauthenticated: only the text of a known code is shown."""
    data = request.POST if request.method == "POST" else request.GET
    fields = {name: data[name][:255] for name in ("Error", "ErrorText", "paymentid", "trackid", "amt") if name in data}
    user = request.user
    session_key = request.session.session_key
    attempt = services.note_error(query=fields, remote_addr=_remote_addr(request), person=user, session_key=session_key) if fields else None
    if attempt is not None and attempt.state not in (AttemptState.REDIRECTED, AttemptState.CONFIRMING):
        return redirect(links.receipt_path(attempt.token))
    code, sentence = sentence_for(fields.get("Error", ""))
    context = {
        "attempt": attempt,
        "code": code,
        "sentence": sentence,
        "now": clock.now(),
        "receipt_page": links.receipt_path(attempt.token) if attempt else "",
    }
    return render(request, "payments/error.html", context)


def _attempt_or_404(token: str) -> Attempt | None:
    if token == links.UNKNOWN:
        return None
    attempt = Attempt.objects.filter(token=token).select_related("started_by").first()
    if attempt is None:
        raise Http404
    return attempt


@public
@never_cache
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt page of an attempt: details for its owner, only the state for other visitors."""
    attempt = _attempt_or_404(token)
    if attempt is None:
        return render(request, "payments/unknown.html", {"receipt_page": _latest_path(request)})
    is_visitor = services.started_by_visitor(attempt, request.session.session_key)
    user = None if is_visitor else _person(request)
    page = pages.page_of(attempt, is_owner=_is_owner(request, attempt), user=user, is_visitor=is_visitor)
    context = {
        "page": page,
        "poll_url": f"{links.receipt_path(token)}/state?seen={page.step}",
        "may_sign_in": attempt.started_by_id is not None and not request.user.is_authenticated,
        "began_by_visitor": attempt.started_by_id is None,
        "origin": origins.origin_of(request, [row.bill.subject for row in page.rows]),
        "part_of": reverse("payments:mine"),
    }
    if page.asks_feedback:
        url = reverse("pay_feedback", args=[token])
        context["feedback"] = feedback.section(subject=attempt.key, person=_person(request), question=QUESTION, url=url)
    return render(request, "payments/receipt.html", context)


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def give_feedback(request: HttpRequest, token: str) -> HttpResponse:
    """How easy it was to pay. Raises Http404 for a payment of anybody else, and for one that is not settled."""
    attempt = _attempt_or_404(token)
    if attempt is None or not pages.page_of(attempt, is_owner=_is_owner(request, attempt)).asks_feedback:
        raise Http404
    page = links.receipt_path(token)
    person, title = _person(request), _("Payment")
    return feedback.take_answer(
        request, subject=attempt.key, service=attempt.workflow_name, person=person, question=QUESTION, title=title, page=page
    )


def _is_owner(request: HttpRequest, attempt: Attempt) -> bool:
    return pages.is_owner(attempt, request.user, request.session.session_key)


@public
@never_cache
@require_safe
def receipt_state(request: HttpRequest, token: str) -> HttpResponse:
    """Poll: whether the receipt page has something new to show."""
    attempt = _attempt_or_404(token)
    if attempt is None:
        raise Http404
    return JsonResponse({"done": pages.step_of(attempt) != request.GET.get("seen", "")})


@public
@never_cache
@require_POST
def left(request: HttpRequest, token: str) -> HttpResponse:
    """A visitor left the bank's page without paying: inquire now. Raises Http404 for a payment of anybody else."""
    attempt = _attempt_or_404(token)
    if attempt is None or not services.started_by_visitor(attempt, request.session.session_key):
        raise Http404
    with suppress(TransitionRefused):  # already known: the receipt page shows it
        services.give_up(attempt=attempt, payer=None, session_key=request.session.session_key)
    return SeeOther(links.receipt_path(token))


def _latest_path(request: HttpRequest) -> str:
    """The receipt page of the user's or browser's last attempt of this hour, if the bank redirects without a token."""
    user, session_key = request.user, request.session.session_key
    mine = Q(pk=None)
    if user.is_authenticated:
        mine |= Q(started_by=user)
    if session_key:
        mine |= Q(started_by__isnull=True, session_digest=services.session_digest(session_key))
    since = clock.now() - dt.timedelta(hours=1)
    latest = Attempt.objects.filter(mine, redirected_at__gte=since).order_by("-pk").first()
    return links.receipt_path(latest.token) if latest else ""


# Callbacks are acknowledged whatever they contain.
for view in (response, tasdeed):
    view.reads_raw = True  # type: ignore[attr-defined]
