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
from django.urls import URLPattern, URLResolver, path, reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from municipality.accounts import keyholders, next_paths
from municipality.accounts.access import has_second_factor, public, redirect_to_key
from municipality.accounts.services import sessions
from municipality.kernel import clock
from municipality.ui import language, staff_menu, staff_search
from municipality.ui.staff_home import HomePart
from municipality.ui.staff_roles import has_role

# Models of allauth and of permissions are not registered.
CLOSED_APPS = frozenset({"account", "socialaccount", "mfa", "usersessions", "auth"})


class StaffSite(AdminSite):
    """Refuses every session that was not opened with a second factor."""

    site_header = _("Kuwait Municipality, staff")
    site_title = _("Staff")
    index_title = _("My work today")
    index_template = "admin/home.html"
    site_url = "/"
    enable_nav_sidebar = False  # templates/admin/menu.html instead

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[URLPattern] = []
        self._homes: list[Callable[[Any], HomePart | None]] = []
        self._focused: set[str] = set()

    def add_pages(
        self, pages: Iterable[URLPattern], *, home: Callable[[Any], HomePart | None] | None = None, focused: Iterable[str] = ()
    ) -> None:
        """Add an app's pages that belong to no model.

        `home` returns what the app adds to the first page of a member of staff. On the pages named in `focused` the menu is closed
        behind its button on wide screens too.
        """
        for page in pages:
            page.callback = self.admin_view(page.callback)
            self._pages.append(page)
        if home is not None:
            self._homes.append(home)
        self._focused.update(focused)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """As Django's, with the menu by task instead of the list of models."""
        match = request.resolver_match
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": self.site_url,
            "has_permission": self.has_permission(request),
            "available_apps": [],
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
            "find_text": "",
            "menu": SimpleLazyObject(lambda: staff_menu.sections(request)),
            "is_focused": match is not None and match.url_name in self._focused,
        }

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """As `each_context`, for pages that belong to no model: the counts of the menu are left out, since these pages ask much already."""

        def sections() -> list[staff_menu.Section]:
            return staff_menu.sections(request, counted=False)

        lazy = {"menu": SimpleLazyObject(sections), "menu_key": SimpleLazyObject(lambda: staff_menu.key_of(sections()))}
        return {**self.each_context(request), **lazy}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The first page: what is next, what waits, the own open work, and notices."""
        parts = [part for home in self._homes if (part := home(request)) is not None]
        offers = sorted((part.next for part in parts if part.next is not None), key=lambda offer: not offer.waits)
        context: dict[str, Any] = {
            **self.each_context(request),
            "title": self.index_title,
            "today": clock.today(),
            "has_role": has_role(request),
            "next": offers[0] if offers else None,
            "also": [offer for offer in offers[1:] if offer.button],
            "tiles": staff_menu.tiles(request),
            "work": [work for part in parts for work in part.work if work.rows or work.empty],
            "notices": [notice for part in parts for notice in part.notices],
            **(extra_context or {}),
        }
        request.current_app = self.name  # type: ignore[attr-defined]
        return TemplateResponse(request, self.index_template, context)

    def find(self, request: HttpRequest) -> HttpResponse:
        """The search in the header: to the page of a reference, or a page that says that there is none to open."""
        typed = request.GET.get("q", "")[: 2 * staff_search.MAX_LENGTH]
        reference = staff_search.cleaned(typed)
        if url := staff_search.find(request, reference):
            return redirect(url)
        note = staff_search.note(request, reference)
        context = {**self.each_context(request), "title": _("Search"), "find_text": typed.strip(), "find_note": note}
        return TemplateResponse(request, "admin/find.html", context)

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_active and user.is_staff and has_second_factor(request))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """As Django's, but redirects users who need a passkey and signed in without one, except to sign out."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.method == "GET" and language.FIELD in request.GET:  # the switch set its cookie; lists know no such parameter
                return redirect(language.without_field(request))
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
        wanted = next_paths.requested(request)
        return redirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}" if wanted else reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        """Sign out, by POST, and redirect to the staff sign-in page."""
        response: HttpResponse = _sign_out(request)
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Change the own password; needs a recent proof. The session, which gets another key by it, stays in the list of sessions."""
        from municipality.accounts.proof import reauthentication_required

        key = request.session.session_key
        response = reauthentication_required(super().password_change, on_get=True)(request, extra_context)
        if request.session.session_key != key and request.user.is_authenticated:
            sessions.relist(request)
        return response

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Mark every page as one of staff; anonymous users are redirected to the staff sign-in page."""
        find = path("find/", self.admin_view(require_safe(self.find)), name="find")
        urls: list[URLPattern | URLResolver] = [*self._pages, find, *super().get_urls()]
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
