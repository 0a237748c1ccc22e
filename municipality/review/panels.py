"""Parts of the case page that all reviewed services share."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.cases.panels import FileLine, NextStep
from municipality.documents.models import Document
from municipality.jobs import queries as jobs


def waiting_step() -> NextStep:
    """The next step while the case is with the Municipality."""
    text = _("You do not need to do anything now. A message comes with the decision, or if something is missing.")
    return NextStep(_("The request is with the Municipality"), text, label=_("Nothing for you to do"))


def refusal_file(refusal: Document) -> FileLine:
    return FileLine(_("Decision refusing a request"), refusal.number, reverse("document", args=[refusal.number]), _("sealed file"))


def refused_step(case: Case, refusal: Document | None, job: str) -> NextStep:
    """The next step of a refused case: its document, that `job` is preparing it, or that there is none."""
    if refusal is not None:
        text = _("The sealed decision gives the reason, the article, and how and until when you can appeal.")
        url, button = reverse("document", args=[refusal.number]), _("Download the decision")
    elif jobs.is_pending(job, case.public_id):
        text = _("The decision is being prepared and sealed. It gives the reason, the article and how to appeal.")
        url, button = reverse("cases:case", args=[case.public_id]), _("Look again")
    else:
        text = _(
            "There is no paper of this decision to download. The branch that decided tells you its reason, its article and how to appeal."
        )
        url, button = reverse("shops:mine"), _("My shops")
    return NextStep(_("The request is refused"), text, url, button, label=_("Decision"))
