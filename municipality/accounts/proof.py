"""Reauthentication: a POST to a protected view needs a proof (sign-in, passkey or code) not older than PROOF_SECONDS.

If it is older, a page keeps everything that was typed and asks for a passkey or a code; its answer goes to the same URL, which
processes both. A person without a passkey can prove themselves only at the identity provider: they sign in again and find what they
had typed behind one button.
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

from municipality.accounts import civil_ids, demo_sign_in, keyholders
from municipality.accounts.forms import SecondFactorForm
from municipality.accounts.models import User, actor_of
from municipality.accounts.services import passkeys, sessions
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.ui.language import FIELD, is_switch
from municipality.ui.texts import Text

View = Callable[..., Any]
KEY, CODE = "proof_key", "proof-code"  # fields of the reauthentication page
TYPED_SESSION_KEY, PURPOSE = "typed_before_proof", "typed_before_proof"
MAX_BYTES = 32 * 1024
SEALED_SECONDS = 900
# Fields that are not kept: those of one request, used answers, and passwords, which no page may contain.
_EXCLUDED_FIELDS = {"csrfmiddlewaretoken", KEY, CODE, FIELD, "_errors", "credential", "kept"}
_EXCLUDED_FIELDS |= {"old_password", "new_password1", "new_password2"}


@dataclass
class _Prompt:
    """The contents of the reauthentication page: the typed fields, and why the last answer was refused."""

    typed: list[tuple[str, str]] = column(default_factory=list)
    refusal: Text = ""
    form: SecondFactorForm | None = None
    status: int = 403


def steps(*names: str, field: str = "step") -> Callable[[HttpRequest], bool]:
    """A condition for `when`: POSTs whose `field` is one of `names`."""
    return lambda request: request.POST.get(field) in names


def reauthentication_required(view: View | None = None, *, when: Callable[[HttpRequest], bool] | None = None, on_get: bool = False) -> Any:
    """Decorator: the view's POST needs a recent proof, with `when` only if it is true, with `on_get` its GET as well.

    Goes below the decorators of `accounts.access`, which make sure that a user is signed in.
    """
    if view is None:
        return lambda inner: reauthentication_required(inner, when=when, on_get=on_get)
    protected_view: View = view

    @wraps(protected_view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            return _on_post(request, lambda: protected_view(request, *args, **kwargs), when, on_get)
        if request.method == "GET" and TYPED_SESSION_KEY in request.session and (typed := _pop_typed(request)):
            return _page(request, _Prompt(typed, status=200))
        if on_get and request.user.is_authenticated and not sessions.is_fresh(request):
            return _page(request, _Prompt())
        return protected_view(request, *args, **kwargs)

    guarded.requires_reauthentication = True  # type: ignore[attr-defined]
    return guarded


def _on_post(request: HttpRequest, run_view: Callable[[], Any], when: Callable[[HttpRequest], bool] | None, on_get: bool) -> Any:
    user: Any = request.user
    if not user.is_authenticated:
        return run_view()
    is_answer = KEY in request.POST or CODE in request.POST
    if is_answer and not is_switch(request):
        prompt = _prove(request)
        if prompt is not None:
            return _page(request, prompt)
        typed = _typed(request)
        request.POST = _without_answer(request)  # type: ignore[assignment]
        if on_get and not typed:
            return HttpResponseRedirect(request.get_full_path())
        return run_view()
    # Pages of people do nothing on a POST that only switches the language; pages of staff have no such POST.
    only_switch = is_switch(request) and not user.is_staff
    if only_switch or sessions.is_fresh(request) or (when is not None and not when(request)):
        return run_view()
    return _page(request, _Prompt(_typed(request)))


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.POST.lists() if name not in _EXCLUDED_FIELDS for value in values]


def _without_answer(request: HttpRequest) -> QueryDict:
    data = request.POST.copy()
    for name in (KEY, CODE):
        data.pop(name, None)
    return data


def _prove(request: HttpRequest) -> _Prompt | None:
    """Verify the passkey or code of a POST. Returns None if it is right, else the page to show."""
    user: Any = request.user
    if KEY in request.POST:
        try:
            key = passkeys.verify(request, request.POST[KEY], user)
        except passkeys.UnusablePasskey as refusal:
            return _Prompt(_typed(request), refusal.sentence)
        record_proof(request, key)
        return None
    if not accepts_code(request):
        return _Prompt(_typed(request))
    form = SecondFactorForm({CODE: request.POST[CODE]}, user=user, prefix="proof")
    if not form.is_valid():
        return _Prompt(_typed(request), form=form, status=429 if form.has_error("code", "staff_code") else 400)
    authenticator: Any = form.authenticator
    authenticator.user = user
    record_proof(request, authenticator)
    return None


def record_proof(request: HttpRequest, authenticator: Authenticator) -> None:
    """Record that the user of this session proved themselves again with this authenticator."""
    user: Any = request.user
    with transaction.atomic():
        post_authentication(request, authenticator, reauthenticated=True)
        sessions.mark_proven(request)
        data = {"by": str(authenticator.type), "page": request.resolver_match.view_name if request.resolver_match else ""}
        record("accounts.proved_again", subject=user.key, actor=actor_of(user), data=data)


def accepts_code(request: HttpRequest) -> bool:
    """Whether a code of the authenticator app suffices: for staff who need no passkey, or have none yet."""
    user: Any = request.user
    if not user.is_staff:
        return False
    return keyholders.accepts_codes(request) or not keyholders.needs_passkey(request) or not passkeys.of(user).exists()


def _page(request: HttpRequest, prompt: _Prompt) -> HttpResponse:
    user: Any = request.user
    by_code = accepts_code(request)
    is_fresh = sessions.is_fresh(request)
    context = {
        "typed": prompt.typed,
        "proved": is_fresh,  # signed in again: one button continues
        "refusal": prompt.refusal,
        "options": passkeys.authentication_options(request, user) if not is_fresh and passkeys.of(user).exists() else "",
        "form": (prompt.form or SecondFactorForm(user=user, prefix="proof")) if by_code and not is_fresh else None,
        "kept": "" if user.is_staff else _seal(request, prompt.typed),
        "here": request.get_full_path(),
        "minutes": settings.PROOF_SECONDS // 60,
        "demo_staff": [shown for shown in demo_sign_in.staff_codes(request) if shown.user.pk == user.pk] if by_code else [],
    }
    return render(request, "accounts/prove.html", context, status=prompt.status)


# What a person typed passes the new sign-in as one encrypted field, bound to the person and the page.


def _seal(request: HttpRequest, typed: list[tuple[str, str]]) -> str:
    user: Any = request.user
    text = json.dumps({"who": user.public_id, "path": request.path, "typed": typed, "at": clock.now().timestamp()}, ensure_ascii=False)
    return civil_ids.encrypt(text, PURPOSE) if typed and len(text.encode()) <= MAX_BYTES else ""


def keep_typed(request: HttpRequest, sealed: str) -> None:
    """Keep a sealed text in the new session; ignores anything else."""
    if sealed and len(sealed) <= 2 * MAX_BYTES and _unseal(sealed) is not None:
        request.session[TYPED_SESSION_KEY] = sealed


def _unseal(sealed: str) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(civil_ids.decrypt(sealed, PURPOSE))
    except InvalidToken:
        return None
    return content if clock.now().timestamp() - content["at"] < SEALED_SECONDS else None


def _pop_typed(request: HttpRequest) -> list[tuple[str, str]]:
    """Remove and return what this person had typed on this page before signing in again; empty for another person or page."""
    content = _unseal(request.session[TYPED_SESSION_KEY])
    user: Any = request.user
    if content is None or not isinstance(user, User) or content["who"] != user.public_id:
        request.session.pop(TYPED_SESSION_KEY)
        return []
    if content["path"] != request.path:
        return []
    request.session.pop(TYPED_SESSION_KEY)
    return [(name, value) for name, value in content["typed"]]
