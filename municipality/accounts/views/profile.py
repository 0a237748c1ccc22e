"""The profile of a person: names as in Mobile ID, e-mail and phone with their codes, the language of messages, the access log."""

from __future__ import annotations

from typing import Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts import next_paths
from municipality.accounts.access import access
from municipality.accounts.access_log import access_entries
from municipality.accounts.forms import ContactCodeForm, EmailForm, LanguageForm, PhoneForm
from municipality.accounts.models import User
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.accounts.services import contacts
from municipality.accounts.views.sign_in import SUGGESTED_PHONE
from municipality.audit.queries import access_log_of
from municipality.kernel.errors import TooMany
from municipality.ui.language import read_form
from municipality.ui.subject_names import names_of

CONTACT_FORMS: dict[contacts.Contact, type[EmailForm | PhoneForm]] = {"email": EmailForm, "phone": PhoneForm}
NEXT = "profile_next"
ENTRIES = 50  # on a page


@access("person")
@require_safe
def profile(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The profile page. `next` is remembered until both contacts are confirmed."""
    user = request.user
    if path := next_paths.requested(request):
        request.session[NEXT] = path
    page = {
        "language_form": LanguageForm(initial={"language": user.language}),
        "waiting": {contact: contacts.waiting_code(user, contact) for contact in CONTACT_FORMS},
        "next": request.session.get(NEXT, ""),
    }
    return render(request, "accounts/profile.html", page)


@access("person")
@require_safe
def access_log(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The access log of the person's data, newest first, by keyset pages of 50."""
    user = request.user
    rows = access_log_of(user.key)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    entries = access_entries(list(rows[: ENTRIES + 1]))
    names = names_of(entry.subject for entry in entries if entry.case)
    page = {
        "accesses": [(entry, names.get(entry.subject, "")) for entry in entries[:ENTRIES]],
        "next_before": entries[ENTRIES - 1].number if len(entries) > ENTRIES else None,
        "later": bool(before),
    }
    return render(request, "accounts/access_log.html", page)


def _contact(name: str) -> contacts.Contact:
    if name not in CONTACT_FORMS:
        raise Http404
    return "email" if name == "email" else "phone"


def _suggestion(request: AuthenticatedHttpRequest, contact: contacts.Contact) -> str:
    user = request.user
    if contact == "email":
        return str(user.email)
    typed = user.phone or request.session.get(SUGGESTED_PHONE, "")
    return str(typed).removeprefix("+965")


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def contact(request: AuthenticatedHttpRequest, name: str) -> HttpResponse:
    """Enter an address and have a code sent to it."""
    which = _contact(name)
    form, submitted = read_form(request, CONTACT_FORMS[which], initial={"address": _suggestion(request, which)})
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        try:
            contacts.send_code(user=request.user, contact=which, address=form.cleaned_data["address"])
        except TooMany as refusal:
            form.add_error(None, refusal.sentence)
            status = refusal.status
        else:
            return redirect("accounts:confirm", name=which)
    return render(request, "accounts/contact.html", {"form": form, "contact": which}, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: AuthenticatedHttpRequest, name: str) -> HttpResponse:
    """Enter the code."""
    which = _contact(name)
    user = request.user
    code = contacts.waiting_code(user, which)
    if code is None:
        context = {"contact": which, "minutes": contacts.CODE_LIFETIME_MINUTES}
        return render(request, "accounts/code_over.html", context, status=409 if request.method == "POST" else 200)
    form, submitted = read_form(request, ContactCodeForm)
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        try:
            contacts.confirm(user=user, contact=which, typed=form.cleaned_data["code"])
        except contacts.CodeOver as refusal:
            return render(request, "accounts/code_over.html", {"contact": which, "refusal": refusal.sentence}, status=409)
        except (contacts.WrongCode, TooMany) as refusal:
            form.add_error("code" if isinstance(refusal, contacts.WrongCode) else None, refusal.sentence)
            status = 429 if isinstance(refusal, TooMany) else 400
        else:
            return redirect(_after(request, user))
    return render(request, "accounts/confirm.html", {"form": form, "contact": which, "code": code}, status=status)


def _after(request: HttpRequest, user: User) -> str:
    """Where to go after a confirmation: the page that needed the contacts once both are confirmed, else the profile."""
    if user.is_reachable and (path := request.session.pop(NEXT, "")):
        return str(path)
    return "accounts:profile"


@access("person")
@require_POST
def language(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Choose the language of messages."""
    user = request.user
    form = LanguageForm(request.POST)
    if form.is_valid():
        chosen: Literal["ar", "en"] = "en" if form.cleaned_data["language"] == "en" else "ar"
        contacts.choose_language(user=user, language=chosen)
    return redirect("accounts:profile")
