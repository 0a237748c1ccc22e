"""Following a shop, an area or a block: the pages, the unsubscribe link, and Atom feeds."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts.access import access, public
from municipality.accounts.limits import allow_read
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.notifications.registry import person_of_stop
from municipality.places.models import Area
from municipality.ui import language
from municipality.ui.errors import too_many_requests
from shops.models.open_data import Change
from shops.models.subscriptions import Follow
from shops.open_data.labels import label_of
from shops.register import queries
from shops.register.addresses import address_of
from shops.register.limits import SEARCHES, SECONDS
from shops.subscriptions import services
from shops.subscriptions.notifications import STOP

ENTRIES = 50  # of a feed


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def shop(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Follow a shop, its block or its area."""
    row = queries.public_shop(public_id)
    if row is None:
        raise Http404
    user = request.user
    choices: dict[str, dict[str, Any]] = {
        "shop": {"shop": row},
        "block": {"area": row.area, "block": row.block},
        "area": {"area": row.area},
    }
    if request.method == "POST" and not language.is_switch(request):
        chosen = choices.get(request.POST.get("what", ""))
        if chosen is not None:
            services.follow(person=user, **chosen)
            return redirect("shops:follows")
    mine = Follow.objects.filter(person=user.pk)
    followed = {name: mine.filter(**{"shop": None, "area": None, "block": "", **fields}).exists() for name, fields in choices.items()}
    context = {"shop": row, "followed": followed, "shop_url": address_of(row), "is_missing": request.method == "POST"}
    return render(request, "shops/following/follow.html", context, status=200)


@access("person")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The follows of a person, each with a button to end it."""
    user = request.user
    follows = Follow.objects.filter(person=user).select_related("shop__area", "area").order_by("-pk")
    return render(request, "shops/following/mine.html", {"follows": [(follow, _feed_of(follow)) for follow in follows]})


def _feed_of(follow: Follow) -> str:
    if follow.shop is not None:
        return reverse("shops:shop_feed", args=[follow.shop.public_id])
    if follow.block:
        return reverse("shops:block_feed", args=[follow.area_id, follow.block])
    return reverse("shops:area_feed", args=[follow.area_id])


@access("person")
@require_POST
def end(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Delete one follow. Raises Http404 for those of other people."""
    if not services.unfollow(person=request.user, pk=pk):  # type: ignore[arg-type]
        raise Http404
    return redirect("shops:follows")


@csrf_exempt
@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Unsubscribe from all digests by a signed link. A GET only asks, since mail programs open links by themselves.

    Exempt from CSRF: mail programs post here without a cookie (RFC 8058); the signed token is the proof.
    """
    person = person_of_stop(token, STOP)
    if person is None:
        raise Http404
    is_stopped = request.method == "POST" and not language.is_switch(request)
    if is_stopped:
        services.stop(person=person)
    count = Follow.objects.filter(person=person).count()
    return render(request, "shops/following/stop.html", {"is_over": is_stopped or not count, "count": count})


@public
@require_safe
def shop_feed(request: HttpRequest, public_id: str) -> HttpResponse:
    """The Atom feed of one shop."""
    row = queries.public_shop(public_id)
    if row is None:
        raise Http404
    name = row.name_ar if get_language() == "ar" else row.name_en or row.name_ar
    return _atom(request, Q(shop=row), name, address_of(row))


@public
@require_safe
def area_feed(request: HttpRequest, area: int, block: str = "") -> HttpResponse:
    """The Atom feed of an area or of one block of it."""
    if area > 2**31 - 1 or not block.isprintable():  # XML allows no control characters
        raise Http404
    area_row = get_object_or_404(Area, pk=area)
    name = area_row.name_ar if get_language() == "ar" else area_row.name_en
    title = f"{name} · {_('block')} {block}" if block else name
    condition = Q(area=area_row, block=block) if block else Q(area=area_row)
    return _atom(request, condition, title, f"{reverse('shops:search')}?area={area_row.pk}")


def _atom(request: HttpRequest, condition: Q, title: str, path: str) -> HttpResponse:
    if not allow_read(request, "shop_feed", limit=SEARCHES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    changes = list(Change.objects.filter(condition).select_related("shop").order_by("-number")[:ENTRIES])
    etag = f'"{changes[0].number if changes else 0}-{get_language()}"'
    not_modified = get_conditional_response(request, etag=etag)
    if not_modified is not None:
        return not_modified
    base = settings.PORTAL_URL
    feed = Atom1Feed(
        title=f"{title} – {_('Kuwait Municipality')}",
        link=f"{base}{path}",
        description="",
        subtitle=_("What changed in the register of shops"),
        language=get_language(),
        feed_url=f"{base}{request.path}",
        feed_guid=f"{base}{request.path}",
    )
    for change in changes:
        row = change.row
        name = row["name_ar"] if get_language() == "ar" else row["name_en"] or row["name_ar"]
        feed.add_item(
            title=f"{name} – {label_of(change.kind)}",
            link=f"{base}{address_of(change.shop)}",
            description=f"{date_format(change.on)} – {row[f'area_{get_language()}']} · {_('block')} {row['block']}",
            unique_id=f"{base}/api/v1/changes/#{change.number}",
            pubdate=change.at,
            updateddate=change.at,
        )
    answer = HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    answer["ETag"] = etag
    answer["Cache-Control"] = "public, max-age=60"
    return answer
