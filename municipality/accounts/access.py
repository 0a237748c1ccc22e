"""Who may open a view. Every view carries one of these marks; a house test walks all addresses and looks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from municipality.accounts import keyholders, next_paths
from municipality.kernel.registry import Registry

View = Callable[..., Any]
# Asked whether a member of staff acts for a person now; the app that keeps consents adds itself.
STAND_INS: Registry[Callable[[Any], bool]] = Registry()


def public(view: View) -> View:
    """Anybody, without signing in."""
    marked = login_not_required(view)
    marked.portal_access = "public"  # type: ignore[attr-defined]
    return marked


def access(audience: str, *, before_key: bool = False) -> Callable[[View], View]:
    """`person`: whoever signed in through Mobile ID. `staff`: staff with a second factor. `any`: either of them.
    `on_behalf`: a person, or a member of staff who acts for one with that person's consent.

    Staff who must hold a passkey and came without one are led to it, except `before_key`: the pages on which they get one.
    What of it a person may see is decided by `queries.visible_to(user)`, not here.
    """
    if audience not in {"person", "staff", "any", "on_behalf"}:
        raise ValueError(f"no such audience: {audience}")

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            user = request.user
            if not user.is_authenticated:  # the middleware sends strangers to the sign-in page; this holds without it
                raise PermissionDenied
            if audience == "person" and user.is_staff:
                raise PermissionDenied
            if audience == "staff" and not user.is_staff:
                raise PermissionDenied
            if user.is_staff and not has_second_factor(request):
                raise PermissionDenied
            if user.is_staff and not before_key and keyholders.is_lacking(request):
                return led_to_key(request)
            if audience == "on_behalf" and user.is_staff and not any(stands_in(user) for stands_in in STAND_INS.values()):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.portal_access = audience  # type: ignore[attr-defined]
        guarded.before_key = before_key  # type: ignore[attr-defined]
        return guarded

    return mark


def led_to_key(request: HttpRequest) -> HttpResponse:
    """To the page where a member of staff uses or makes a passkey, and then on to where they were going."""
    path = request.get_full_path() if request.method in ("GET", "HEAD") else next_paths.came_from(request)
    door = reverse("staff_key")
    return HttpResponseRedirect(f"{door}?{urlencode({'next': path})}" if next_paths.is_local(path) else door)


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this very session was opened with a second factor."""
    from allauth.account.authentication import get_authentication_records

    user = request.user
    return bool(user.is_authenticated) and any(record.get("method") == "mfa" for record in get_authentication_records(request, user))
