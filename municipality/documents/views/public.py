"""The check page: the present state of a document by its code."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import take_attempt
from municipality.documents import queries, services
from municipality.documents.forms import CodeForm
from municipality.kernel import digits
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form

CHECKS, SECONDS = 30, 60


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form for a code."""
    form, submitted = read_form(request, CodeForm)
    if submitted and form.is_valid():
        return redirect("verify", code=form.cleaned_data["code"])
    typed = digits.clean(form.data["code"]).strip().upper() if submitted and form.has_error("code", "number") else ""
    context = {
        "form": form,
        "number": typed if typed.startswith("HLT-") else "",  # the numbers of other documents find no shop
        "typed": typed,
        "page": queries.page_of_number(typed) if typed else "",
        "is_licence": queries.is_licence_number(typed),
    }
    return render(request, "documents/ask.html", context)


@public
@never_cache
@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """The state of a document, without personal data; at most 30 checks a minute."""
    if not take_attempt(request, "verify", limit=CHECKS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    document = services.look_up(code)
    context: dict[str, Any] = {"document": document, "state": queries.live_state(document) if document else ""}
    facts_class = queries.DOCUMENT_KINDS.get(document.kind) if document else None
    context["host"] = settings.PORTAL_URL.partition("://")[2].rstrip("/") + "/"
    context["kind"] = facts_class.name if facts_class else ""
    context["notes"] = facts_class.public_notes(document) if facts_class else ()
    context["page"] = facts_class.public_page(document) if facts_class else ""
    context["shop_page"] = facts_class.shop_page(document) if facts_class else ""
    if document:
        index = 0 if get_language() == "ar" else 1
        context |= {
            name: document.public_facts[name][index] for name in ("trade_name", "activity", "area") if name in document.public_facts
        }
    return render(request, "documents/verify.html", context, status=200 if document else 404)
