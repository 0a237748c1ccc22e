"""Acts that ask again who is there: a POST to such a view needs a proof that is not older than PROOF_SECONDS.

An older one is answered with a page that holds everything that was typed and asks for a passkey or a code; its answer goes to
the same address and carries the act out in the same step. Who can prove themselves only at an identity provider (a person
without a passkey) goes through the door once more and finds what was typed behind one button.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as column
from functools import wraps
from typing import Any

from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render

from municipality.accounts import civil_ids, demo_door, keyholders
from municipality.accounts.forms import SecondFactorForm
from municipality.accounts.models import User, actor_of
from municipality.accounts.services import passkeys, sessions
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.ui.language import FIELD, is_switch

View = Callable[..., Any]
KEY, CODE = "proof_key", "proof-code"  # fields of the page that asks
IN_SESSION, PURPOSE = "typed_before_proof", "typed_before_proof"
MOST_BYTES = 32 * 1024
KEPT_SECONDS = 900
# Never put into a page again: what belongs to one request, and answers to questions that were used up.
_LEFT_OUT = {"csrfmiddlewaretoken", KEY, CODE, FIELD, "_errors", "credential", "kept"}
_LEFT_OUT |= {"old_password", "new_password1", "new_password2"}  # typed once more: no page carries a password


@dataclass
class _Asked:
    """What the page that asks shows beside its question."""

    typed: list[tuple[str, str]] = column(default_factory=list)
    refusal: Any = ""
    form: SecondFactorForm | None = None
    status: int = 403


def steps(*names: str, field: str = "step") -> Callable[[HttpRequest], bool]:
    """For `acts`: those POSTs whose button says one of `names`."""
    return lambda request: request.POST.get(field) in names


def reauthentication_required(view: View | None = None, *, when: Callable[[HttpRequest], bool] | None = None, on_get: bool = False) -> Any:
    """Mark a view whose POST asks again (`acts`: only those for which this is true; `on_get`: the page itself as well).

    Stands inside the marks of access: it speaks of whoever is signed in.
    """
    if view is None:
        return lambda inner: reauthentication_required(inner, when=when, on_get=on_get)
    protected_view: View = view

    @wraps(protected_view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            return _on_post(request, lambda: protected_view(request, *args, **kwargs), when, on_get)
        if request.method == "GET" and IN_SESSION in request.session and (found := _taken(request)):
            return _page(request, _Asked(found, status=200))
        if on_get and request.user.is_authenticated and not sessions.is_fresh(request):
            return _page(request, _Asked())
        return protected_view(request, *args, **kwargs)

    guarded.requires_reauthentication = True  # type: ignore[attr-defined]
    return guarded


def _on_post(request: HttpRequest, go: Callable[[], Any], when: Callable[[HttpRequest], bool] | None, on_get: bool) -> Any:
    user: Any = request.user
    if not user.is_authenticated:
        return go()
    is_answer = KEY in request.POST or CODE in request.POST
    if is_answer and not is_switch(request):
        refused = _prove(request)
        if refused is not None:
            return _page(request, refused)
        typed = _typed(request)
        request.POST = _without(request)  # type: ignore[assignment]
        if on_get and not typed:
            return HttpResponseRedirect(request.get_full_path())
        return go()
    # The people's pages never act on a POST that only asks for the other language; those of staff know no such POST.
    only_switch = is_switch(request) and not user.is_staff
    if only_switch or sessions.is_fresh(request) or (when is not None and not when(request)):
        return go()
    return _page(request, _Asked(_typed(request)))


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.POST.lists() if name not in _LEFT_OUT for value in values]


def _without(request: HttpRequest) -> QueryDict:
    rest = request.POST.copy()
    for name in (KEY, CODE):
        rest.pop(name, None)
    rest._mutable = False
    return rest


def _prove(request: HttpRequest) -> _Asked | None:
    """Look at the answer; nothing if it holds, else what the page says."""
    user: Any = request.user
    if KEY in request.POST:
        try:
            key = passkeys.proven(request, request.POST[KEY], user)
        except passkeys.Unusable as refusal:
            return _Asked(_typed(request), refusal.sentence)
        note(request, key)
        return None
    if not accepts_code(request):
        return _Asked(_typed(request))
    form = SecondFactorForm({CODE: request.POST[CODE]}, user=user, prefix="proof")
    if not form.is_valid():
        too_many = any(error.code == "staff_code" for error in form.errors.as_data().get("code", []))
        return _Asked(_typed(request), form=form, status=429 if too_many else 400)
    authenticator: Any = form.authenticator
    authenticator.user = user
    note(request, authenticator)
    return None


def note(request: HttpRequest, authenticator: Authenticator) -> None:
    """This session has just been proved again, by this authenticator."""
    user: Any = request.user
    with transaction.atomic():
        post_authentication(request, authenticator, reauthenticated=True)
        sessions.mark_proven(request)
        data = {"by": str(authenticator.type), "page": request.resolver_match.view_name if request.resolver_match else ""}
        record("accounts.proved_again", subject=user.key, actor=actor_of(user), data=data)


def accepts_code(request: HttpRequest) -> bool:
    """Whether a code of the authenticator app is proof enough: of staff who need no passkey, or have none yet."""
    user: Any = request.user
    if not user.is_staff:
        return False
    return keyholders.codes_count(request) or not keyholders.is_asked(request) or not passkeys.of(user).exists()


def _page(request: HttpRequest, asked: _Asked) -> HttpResponse:
    user: Any = request.user
    by_code = accepts_code(request)
    proved = sessions.is_fresh(request)
    context = {
        "typed": asked.typed,
        "proved": proved,  # back from the door: one button carries on
        "refusal": asked.refusal,
        "options": passkeys.ask(request, user) if not proved and passkeys.of(user).exists() else "",
        "form": (asked.form or SecondFactorForm(user=user, prefix="proof")) if by_code and not proved else None,
        "kept": "" if user.is_staff else _sealed(request, asked.typed),
        "here": request.get_full_path(),
        "minutes": settings.PROOF_SECONDS // 60,
        "demo_staff": [shown for shown in demo_door.staff_codes(request) if shown.user.pk == user.pk] if by_code else [],
    }
    return render(request, "accounts/prove.html", context, status=asked.status)


# What a person typed travels through the door as one encrypted field, bound to its person and its page.


def _sealed(request: HttpRequest, typed: list[tuple[str, str]]) -> str:
    user: Any = request.user
    text = json.dumps({"who": user.public_id, "path": request.path, "typed": typed, "at": clock.now().timestamp()}, ensure_ascii=False)
    return civil_ids.encrypt(text, PURPOSE) if typed and len(text.encode()) <= MOST_BYTES else ""


def carry(request: HttpRequest, sealed: str) -> None:
    """Keep what was typed in the session of the door. What is no such text is not kept."""
    if sealed and len(sealed) <= 2 * MOST_BYTES and _opened(sealed) is not None:
        request.session[IN_SESSION] = sealed


def _opened(sealed: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(civil_ids.decrypt(sealed, PURPOSE))
    except InvalidToken:
        return None
    return found if clock.now().timestamp() - found["at"] < KEPT_SECONDS else None


def _taken(request: HttpRequest) -> list[tuple[str, str]]:
    """What this person had typed on this page before they went through the door, once; nothing for anybody else."""
    found = _opened(request.session[IN_SESSION])
    user: Any = request.user
    if found is None or not isinstance(user, User) or found["who"] != user.public_id:
        request.session.pop(IN_SESSION)
        return []
    if found["path"] != request.path:
        return []
    request.session.pop(IN_SESSION)
    return [(name, value) for name, value in found["typed"]]
