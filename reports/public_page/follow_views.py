"""The areas whose reports a person hears of every week."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access, public
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.notifications.registry import person_of_stop
from municipality.places.models import Area
from municipality.ui import language
from reports.models import AreaFollow
from reports.public_page import subscriptions


@access("person")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The areas of a person, each with the way to end it."""
    follows = AreaFollow.objects.filter(person=request.user).select_related("area").order_by("area__folded", "pk")
    return render(request, "reports/public/follows.html", {"follows": follows})


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def area(request: AuthenticatedHttpRequest, area: int) -> HttpResponse:
    """Begin or end the weekly message about an area."""
    if area > 2**31 - 1:
        raise Http404
    row = get_object_or_404(Area, pk=area)
    refusal = None
    if request.method == "POST" and not language.is_switch(request):
        try:
            if request.POST.get("what") == "end":
                subscriptions.unfollow(person=request.user, area=row)
            else:
                subscriptions.follow(person=request.user, area=row)
            return redirect("reports:follows")
        except Refused as error:
            refusal = error
    is_followed = AreaFollow.objects.filter(person=request.user.pk, area=row).exists()
    context = {"area": row, "is_followed": is_followed, "refusal": refusal}
    return render(request, "reports/public/follow.html", context, status=409 if refusal else 200)


@csrf_exempt
@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """End all weekly messages by a signed link. A GET only asks, since mail programs open links by themselves.

    Exempt from CSRF: mail programs post here without a cookie (RFC 8058); the signed token is the proof.
    """
    person = person_of_stop(token, subscriptions.STOP)
    if person is None:
        raise Http404
    is_stopped = request.method == "POST" and not language.is_switch(request)
    if is_stopped:
        subscriptions.unfollow(person=person)
    is_over = is_stopped or not AreaFollow.objects.filter(person=person).exists()
    return render(request, "reports/public/follow_stop.html", {"is_over": is_over})
