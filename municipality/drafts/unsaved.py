"""Form data that was sent when the session had ended: saved, and filled in again after signing in.

Views opt in with `@keeps_typed`. The data is no answer of a draft: the form is filled with it, and the person submits it again.
Where the ended session was a person's, a row of that person keeps it for any device; otherwise the browser's new session does.
It is encrypted and has no files.
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
EMBEDDED_BUTTON = "_embedded_button"  # marks data that was saved because a button of another view was pressed
MAX_BYTES = 32 * 1024
MAX_PAGES = 5  # of one browser's session
_IGNORED = {"csrfmiddlewaretoken", "_language", "_errors", EMBEDDED_BUTTON}
View = TypeVar("View", bound=Callable[..., Any])


def keeps_typed(view: View) -> View:
    """Mark a view whose form is filled in again after the session ended."""
    view.keeps_typed = True  # type: ignore[attr-defined]
    return view


def embeds_buttons(view: View) -> View:
    """Mark a view whose form has buttons of other views in it: it is filled in again when they lead back to it."""
    view.embeds_buttons = True  # type: ignore[attr-defined]
    return view


def page_of(path: str) -> str:
    """The path without its language prefix."""
    language = of_path(path)
    return path.removeprefix(f"/{language}") if language else path


def save(request: HttpRequest, person: User | None, *, page: str = "") -> bool:
    """Save the form data of a POST for its own page, or for `page` (a path) where a button of another view was pressed.

    Returns False, and saves nothing, for no data or more than MAX_BYTES.
    """
    values = {name: request.POST.getlist(name) for name in request.POST if name not in _IGNORED}
    if page and values:
        values[EMBEDDED_BUTTON] = ["1"]
    text = json.dumps(values, ensure_ascii=False)
    page = page_of(page or request.path)
    if not values or len(text.encode()) > MAX_BYTES or len(page) > 200:
        return False
    cipher = civil_ids.encrypt(text, PURPOSE)
    if person is not None:
        Unsaved.objects.update_or_create(person=person, page=page, defaults={"cipher": cipher, "at": clock.now()})
        return True
    saved = request.session.get(IN_SESSION, {})
    saved.pop(page, None)
    request.session[IN_SESSION] = {**dict(list(saved.items())[-(MAX_PAGES - 1) :]), page: cipher}
    return True


def read(request: HttpRequest) -> QueryDict | None:
    """The saved form data for the page of this request, or None."""
    page = page_of(request.path)
    row = Unsaved.objects.filter(person=request.user.pk, page=page).first()
    cipher = row.cipher if row else request.session.get(IN_SESSION, {}).get(page)
    if cipher is None:
        return None
    try:
        values = json.loads(civil_ids.decrypt(cipher, PURPOSE))
    except InvalidToken:  # the key has changed
        return None
    data = QueryDict(mutable=True)
    for name, items in values.items():
        data.setlist(name, items)
    return data


def is_from_button(data: QueryDict | None) -> bool:
    """Whether form data was saved because a button of another view was pressed: the session had not ended."""
    return data is not None and EMBEDDED_BUTTON in data


def delete_of_delegation(delegation: Delegation) -> None:
    """Delete what a delegate typed on pages of the subject of an ended delegation; for an organisation, on all pages."""
    if delegation.delegate_id is None:
        return
    rows = Unsaved.objects.filter(person=delegation.delegate_id)
    if not delegation.subject.startswith("organisation:"):
        rows = rows.filter(page__contains=f"/{delegation.subject.partition(':')[2]}/")
    rows.delete()


def delete(request: HttpRequest) -> None:
    """Delete the saved form data for the page of this request, which has been submitted."""
    page = page_of(request.path)
    Unsaved.objects.filter(person=request.user.pk, page=page).delete()
    saved = request.session.get(IN_SESSION, {})
    if page in saved:
        request.session[IN_SESSION] = {path: cipher for path, cipher in saved.items() if path != page}
