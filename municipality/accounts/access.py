"""Decorators that say who may open a view. Every view has one; an architecture test checks all URLs."""

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
# Whether a member of staff acts for a person now; `delegation` registers its consents.
ASSISTANCE_CHECKS: Registry[Callable[[Any], bool]] = Registry()


def public(view: View) -> View:
    """Open to everybody, without signing in."""
    marked = login_not_required(view)
    marked.portal_access = "public"  # type: ignore[attr-defined]
    return marked


def access(audience: str, *, without_passkey: bool = False) -> Callable[[View], View]:
    """Open to an audience. `person`: people (not staff); `staff`: staff with a second factor; `any`: either of them;
    `on_behalf`: a person, or a member of staff who acts for one with that person's consent.

    Staff who need a passkey and signed in without one are redirected to it, except on pages `without_passkey`, where they get one.
    Which rows a user may see is decided by `queries.visible_to(user)`, not here. Raises ValueError for an unknown audience.
    """
    if audience not in {"person", "staff", "any", "on_behalf"}:
        raise ValueError(f"no such audience: {audience}")

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            user = request.user
            if not user.is_authenticated:  # LoginRequiredMiddleware redirects before; this holds without it
                raise PermissionDenied
            if (audience == "person" and user.is_staff) or (audience == "staff" and not user.is_staff):
                raise PermissionDenied
            if user.is_staff and not has_second_factor(request):
                raise PermissionDenied
            if user.is_staff and not without_passkey and keyholders.lacks_passkey(request):
                return redirect_to_key(request)
            if audience == "on_behalf" and user.is_staff and not any(is_assisting(user) for is_assisting in ASSISTANCE_CHECKS.values()):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.portal_access = audience  # type: ignore[attr-defined]
        guarded.without_passkey = without_passkey  # type: ignore[attr-defined]
        return guarded

    return mark


def redirect_to_key(request: HttpRequest) -> HttpResponse:
    """A redirect to the page where a member of staff uses or adds a passkey; `next` leads back."""
    path = request.get_full_path() if request.method in ("GET", "HEAD") else next_paths.referring_path(request)
    url = reverse("staff_key")
    return HttpResponseRedirect(f"{url}?{urlencode({'next': path})}" if next_paths.is_local(path) else url)


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened with a second factor."""
    from allauth.account.authentication import get_authentication_records

    user = request.user
    return bool(user.is_authenticated) and any(record.get("method") == "mfa" for record in get_authentication_records(request, user))
