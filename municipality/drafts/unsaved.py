"""What was typed on a page whose session turned out to be over: kept, and put back into the page after signing in again.

A view that answers for this is marked with `@keeps_typed`. It is no answer and changes nothing: the page comes back filled,
and its person saves it. Where the ended session says whose it was, the text waits for that person on any device; where
nobody knows any more, it waits in the browser's own new session. Both encrypted, both without files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from cryptography.fernet import InvalidToken
from django.http import HttpRequest, QueryDict

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.delegation.models import Delegation
from municipality.drafts.models import Unsaved
from municipality.kernel import clock
from municipality.ui.language import of_path

PURPOSE = "typed"
IN_SESSION = "typed"  # path → cipher
QUIET = "_quiet"
MOST_BYTES = 32 * 1024
MOST_PAGES = 5  # that one browser keeps without knowing whose they are
_LEFT_OUT = {"csrfmiddlewaretoken", "_language", "_errors", QUIET}
View = TypeVar("View", bound=Callable[..., Any])


def keeps_typed(view: View) -> View:
    """Mark a view whose form is put back after the session had ended."""
    view.keeps_typed = True  # type: ignore[attr-defined]
    return view


def keeps_beside(view: View) -> View:
    """Mark a view whose form has buttons of other views in it: what was typed is put back when they lead back to it."""
    view.keeps_beside = True  # type: ignore[attr-defined]
    return view


def page_of(path: str) -> str:
    """The address without its language: the twin page has the same text."""
    language = of_path(path)
    return path.removeprefix(f"/{language}") if language else path


def keep(request: HttpRequest, person: User | None, *, page: str = "") -> bool:
    """Keep what this POST brought, for its own page; with `page` (a path) for that one, whose session did not end (`is_quiet`).

    False where it brought nothing, or more than a person types.
    """
    values = {name: request.POST.getlist(name) for name in request.POST if name not in _LEFT_OUT}
    if page and values:
        values[QUIET] = ["1"]
    text = json.dumps(values, ensure_ascii=False)
    page = page_of(page or request.path)
    if not values or len(text.encode()) > MOST_BYTES or len(page) > 200:
        return False
    cipher = civil_ids.encrypt(text, PURPOSE)
    if person is not None:
        Unsaved.objects.update_or_create(person=person, page=page, defaults={"cipher": cipher, "at": clock.now()})
        return True
    held = request.session.get(IN_SESSION, {})
    held.pop(page, None)
    request.session[IN_SESSION] = {**dict(list(held.items())[-(MOST_PAGES - 1) :]), page: cipher}
    return True


def of(request: HttpRequest) -> QueryDict | None:
    """What the person had typed on this page, if it waits."""
    page = page_of(request.path)
    user: Any = request.user
    row = Unsaved.objects.filter(person=user, page=page).first()
    cipher = row.cipher if row else request.session.get(IN_SESSION, {}).get(page)
    if cipher is None:
        return None
    try:
        values = json.loads(civil_ids.decrypt(cipher, PURPOSE))
    except InvalidToken:  # the key was changed meanwhile
        return None
    found = QueryDict(mutable=True)
    for name, several in values.items():
        found.setlist(name, several)
    return found


def is_quiet(waiting: QueryDict | None) -> bool:
    """Whether the text comes back only because a button beside the form was pressed: nothing ended, nothing is to be told."""
    return waiting is not None and QUIET in waiting


def forget_delegate(delegation: Delegation) -> None:
    """A delegation ended: what its delegate had typed and not saved on pages of that subject is gone. Of an organisation's, all of it."""
    if delegation.delegate_id is None:
        return
    rows = Unsaved.objects.filter(person=delegation.delegate_id)
    if not delegation.subject.startswith("organisation:"):
        rows = rows.filter(page__contains=f"/{delegation.subject.partition(':')[2]}/")
    rows.delete()


def drop(request: HttpRequest) -> None:
    """The page was saved: what waited for it is no longer needed."""
    page = page_of(request.path)
    user: Any = request.user
    Unsaved.objects.filter(person=user, page=page).delete()
    held = request.session.get(IN_SESSION, {})
    if page in held:
        request.session[IN_SESSION] = {other: cipher for other, cipher in held.items() if other != page}
