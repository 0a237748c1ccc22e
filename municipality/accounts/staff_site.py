"""The admin site of staff, open only with a second factor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from municipality.accounts import keyholders, next_paths
from municipality.accounts.access import has_second_factor, public, redirect_to_key

# Models of allauth and of permissions are not registered.
CLOSED_APPS = frozenset({"account", "socialaccount", "mfa", "usersessions", "auth"})


class StaffSite(AdminSite):
    """Refuses every session that was not opened with a second factor."""

    site_header = _("Kuwait Municipality, staff")
    site_title = _("Staff")
    index_title = _("Work")
    site_url = "/"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[URLPattern] = []
        self._homes: list[Callable[[HttpRequest], dict[str, Any]]] = []

    def add_pages(self, pages: Iterable[URLPattern], *, home: Callable[[HttpRequest], dict[str, Any]]) -> None:
        """Add an app's pages that belong to no model; `home` returns what it adds to the context of the index."""
        for page in pages:
            page.callback = self.admin_view(page.callback)
            self._pages.append(page)
        self._homes.append(home)

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """As `each_context`, but without the list of models and the permission checks of each."""
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": self.site_url,
            "has_permission": self.has_permission(request),
            "available_apps": [],
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The index, with the parts that the apps add to it."""
        context: dict[str, Any] = {**(extra_context or {}), "home_parts": []}
        for home in self._homes:
            home_context = home(request)
            context["home_parts"] += home_context.pop("home_parts", [])  # templates that the first page includes
            context |= home_context
        response: TemplateResponse = super().index(request, context)
        return response

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_active and user.is_staff and has_second_factor(request))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """As Django's, but redirects users who need a passkey and signed in without one, except to sign out."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if self.has_permission(request) and keyholders.lacks_passkey(request) and request.path != reverse(f"{self.name}:logout"):
                return redirect_to_key(request)
            return inner(request, *args, **kwargs)

        return guarded

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        super().register([m for m in models if m._meta.app_label not in CLOSED_APPS], admin_class, **options)

    @method_decorator(public)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the staff sign-in page instead of the admin's own form; 403 for a user who is not staff."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        path = next_paths.requested(request)
        return redirect(f"{reverse('account_login')}?{urlencode({'next': path})}" if path else reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        """Sign out, by POST, and redirect to the staff sign-in page."""
        response: HttpResponse = _sign_out(request)
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Change the own password; needs a recent proof."""
        from municipality.accounts.proof import reauthentication_required

        return reauthentication_required(super().password_change, on_get=True)(request, extra_context)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Mark every page as one of staff; anonymous users are redirected to the staff sign-in page."""
        urls: list[URLPattern | URLResolver] = [*self._pages, *super().get_urls()]
        for pattern in _walk(urls):
            if not hasattr(pattern.callback, "portal_access"):
                callback: Any = pattern.callback
                callback.portal_access = "staff"
                callback.login_url = reverse_lazy("account_login")
        return urls


def _walk(patterns: Iterable[Any]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns)
        else:
            yield pattern


@public
@require_POST
def _sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("account_login")
