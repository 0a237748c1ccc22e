"""Why a member of staff opens the file of a person: chosen before the page opens, kept for some minutes for this file, and logged.

A page asks `chosen` first and answers with `ask` where nothing was chosen; whatever else it shows, it shows after that. What is handed
to somebody to work on, such as the case on an officer's desk, has the purpose of that work and is not asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from municipality.accounts import next_paths
from municipality.kernel import clock
from municipality.ui.texts import Text

# By the code in the access log.
PURPOSES: dict[str, Text] = {
    "purpose.linked": gettext_lazy("Study of a linked request of the same shop, person or plot"),
    "purpose.similar": gettext_lazy("Comparison with a similar request before a refusal"),
    "purpose.supervision": gettext_lazy("Supervision of the study of the request"),
    "purpose.complaint": gettext_lazy("Answer to a complaint or a question of the person"),
    "purpose.court": gettext_lazy("Request by a court, the prosecution or another authority"),
    "purpose.record": gettext_lazy("Check of an entry before it is corrected"),
    "purpose.photo": gettext_lazy("Check of the copy of a photo before it is shown"),
    "purpose.misuse": gettext_lazy("Check whether reports are misused"),
    "purpose.audit": gettext_lazy("Audit"),
}
KEPT = dt.timedelta(minutes=15)
KEPT_MOST = 20  # files
SESSION_KEY = "purposes"
MAX_SUBJECT = 80  # characters of a subject key


class PurposeForm(forms.Form):
    purpose = forms.ChoiceField(choices=list(PURPOSES.items()))


def chosen(request: HttpRequest, subject: str) -> str:
    """The purpose that was chosen for a file in the last minutes; empty where none was."""
    code, until = request.session.get(SESSION_KEY, {}).get(subject, ("", 0))
    return code if code in PURPOSES and clock.now().timestamp() < until else ""


def ask(
    request: HttpRequest,
    subject: str,
    *,
    chosen_wrongly: bool = False,
    back_to: str = "",
    fitting: Collection[str] = (),
    about: str = "",
    leave: str = "",
) -> TemplateResponse:
    """The page that asks for the purpose. It says nothing about the person. `fitting` are the codes to offer, by default all; `about` names
    the file, and no person; `leave` is the page to go back to without opening it.
    """
    context = {
        **admin.site.page_context(request),  # type: ignore[attr-defined]
        "title": _("Why do you open this file?"),
        "purposes": [(code, label) for code, label in PURPOSES.items() if not fitting or code in fitting],
        "purpose_subject": subject,
        "about": about,
        "leave": leave,
        "next": back_to or request.get_full_path(),
        "error": _("Please choose why you open the file.") if chosen_wrongly else "",
    }
    return TemplateResponse(request, "admin/purpose.html", context, status=400 if chosen_wrongly else 200)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the purpose for the file and lead to its page, which decides itself who may open it."""
    form, subject = PurposeForm(request.POST), request.POST.get("subject", "")[:MAX_SUBJECT]
    page = next_paths.requested(request)
    if not page.startswith(reverse("admin:index")):
        page = reverse("admin:index")
    if not form.is_valid():
        return ask(request, subject, chosen_wrongly=True, back_to=page)
    kept = {**request.session.get(SESSION_KEY, {}), subject: (form.cleaned_data["purpose"], (clock.now() + KEPT).timestamp())}
    request.session[SESSION_KEY] = dict(sorted(kept.items(), key=lambda entry: entry[1][1])[-KEPT_MOST:])
    return redirect(page)


PAGES = [path("purpose/", choose, name="purpose")]
