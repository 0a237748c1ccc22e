"""The menu of the staff pages: entries that the apps register, grouped by task, with what waits behind each."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.kernel import request_cache
from municipality.kernel.registry import Registry
from municipality.ui.staff_roles import groups_of, has_table
from municipality.ui.texts import Text

# Groups of the menu in their order; one without entries for this person is not drawn.
GROUPS: dict[str, Text] = {
    "work": _("My work"),
    "branch": _("The branch"),
    "register": _("Register of shops"),
    "plots": _("Plots"),
    "violations": _("Violations"),
    "money": _("Money"),
    "rules": _("Rules"),
    "lookup": _("Look up"),
    "integrity": _("Integrity"),
    "operation": _("Operation"),
}


OPEN_LINES = 12  # of the menu that stand open together


@dataclass(frozen=True)
class StaffEntry:
    """One page of the menu, shown to whoever has one of `roles` and the permission, where these are given.

    `permission` is that of a table ("cases.view_case"); `may` asks further. `count` is what waits there; with `tile`, what the number
    means, it also stands on the first page. `tone` is that of a number above 0: "", "warn" or "bad". `note` says on the first page what
    the number does not cover, or "": beside it no 0 is shown.
    """

    group: str
    label: Text
    page: str
    roles: Collection[str] = ()
    permission: str = ""
    may: Callable[[HttpRequest], bool] | None = None
    fragment: str = ""
    count: Callable[[HttpRequest], int | None] | None = None
    tile: Text = ""
    tone: str = ""
    note: Callable[[HttpRequest], Text] | None = None

    def is_open_to(self, request: HttpRequest) -> bool:
        """Whether the signed-in member of staff may open the page."""
        if self.roles and groups_of(request).isdisjoint(self.roles):
            return False
        if self.permission and not has_table(request, self.permission):
            return False
        return self.may is None or self.may(request)


def _check(name: str, entry: StaffEntry) -> None:
    if entry.group not in GROUPS:
        raise ValueError(f"{name} is in the unknown group {entry.group}")


MENU: Registry[StaffEntry] = Registry(_check)


def register(app: str, *entries: StaffEntry) -> None:
    """Add the entries of an app, in their order."""
    for entry in entries:
        MENU.register(f"{app}.{entry.page}{entry.fragment}", entry)


def title_of(page: str) -> Text | None:
    """The label under which the menu lists a page."""
    return next((entry.label for entry in MENU.values() if entry.page == page and not entry.fragment), None)


MENU.register("home", StaffEntry("work", _("Home"), "admin:index"))


@dataclass(frozen=True)
class MenuLine:
    """An entry as this person sees it."""

    entry: StaffEntry
    url: str
    count: int | None
    is_current: bool
    note: Text = ""


@dataclass(frozen=True)
class Section:
    """A group with its lines; a folded one shows how much waits behind them."""

    label: Text
    lines: list[MenuLine]
    is_open: bool = True

    @property
    def count(self) -> int:
        return sum(line.count or 0 for line in self.lines if line.entry.tone)


def sections(request: HttpRequest, *, counted: bool = True) -> list[Section]:
    """The menu of the signed-in member of staff; `counted` says whether with what waits. Read once a request."""
    user: Any = request.user
    key = ("staff_menu", counted, user.pk)
    return request_cache.get_or_set(key, lambda: _sections(request, counted))


def key_of(groups: Collection[Section]) -> str:
    """What groups without counts look like, for a fragment that everybody shares who has the same ones."""
    return repr([(group.is_open, [(line.url, line.is_current) for line in group.lines]) for group in groups])


def tiles(request: HttpRequest) -> list[MenuLine]:
    """The lines whose count stands on the first page."""
    lines = [line for section in sections(request) for line in section.lines if line.entry.tile and line.count is not None]
    return [replace(line, note=line.entry.note(request)) if line.entry.note else line for line in lines]


def _sections(request: HttpRequest, counted: bool) -> list[Section]:
    groups: dict[str, list[MenuLine]] = {group: [] for group in GROUPS}
    for entry in MENU.values():
        if entry.is_open_to(request):
            groups[entry.group].append(_line(request, entry, counted))
    return _folded([Section(GROUPS[group], lines) for group, lines in groups.items() if lines])


def _folded(groups: list[Section]) -> list[Section]:
    """The groups with those folded that would make the menu longer than OPEN_LINES, never the first or that of this page."""
    room = OPEN_LINES - sum(len(group.lines) for group in groups if _stays_open(group, groups))
    result = []
    for group in groups:
        is_open = _stays_open(group, groups)
        if not is_open and len(group.lines) <= room:
            is_open, room = True, room - len(group.lines)
        result.append(replace(group, is_open=is_open))
    return result


def _stays_open(group: Section, groups: list[Section]) -> bool:
    return group is groups[0] or any(line.is_current for line in group.lines)


def _line(request: HttpRequest, entry: StaffEntry, counted: bool) -> MenuLine:
    url = reverse(entry.page)
    is_current = request.path == url and not entry.fragment
    return MenuLine(entry, url + entry.fragment, entry.count(request) if counted and entry.count else None, is_current)
