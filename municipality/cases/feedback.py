"""Feedback on a confirmation page: its section there, and the view that takes the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from municipality.accounts.limits import take_attempt
from municipality.accounts.models import User
from municipality.cases import queries, services
from municipality.cases.forms import FeedbackForm
from municipality.cases.models import Case, Feedback
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form
from municipality.ui.redirects import SeeOther
from municipality.ui.texts import Text

LIMIT, SECONDS = 20, 3600  # answers of a client in a span


@dataclass(frozen=True)
class FeedbackSection:
    """What `components/feedback.html` shows: the question with its form, or the answer that was given."""

    question: Text
    url: str
    given: Feedback | None

    def fields(self) -> FeedbackForm:
        """The empty fields, the same for everybody who is asked this question."""
        return FeedbackForm(question=self.question)


def section(*, subject: str, person: User | None, question: Text, url: str) -> FeedbackSection:
    """The section of a confirmation page."""
    return FeedbackSection(question, url, queries.feedback_of(subject, person))


def section_of(case: Case, *, question: Text, url: str) -> FeedbackSection:
    """The section on the page of a case that a person opened, read with `queries.feedback_columns`."""
    given: Any = case
    feedback = Feedback(ease=given.given_ease, text=given.given_text) if given.given_ease is not None else None
    return FeedbackSection(question, url, feedback)


def take_answer(
    request: HttpRequest, *, subject: str, service: str, person: User | None, question: Text, title: Text, page: str
) -> HttpResponse:
    """Store an answer and lead back to `page`; an incomplete one is asked for again on a page of its own, with what was written."""
    if queries.feedback_of(subject, person) is not None:
        return SeeOther(f"{page}#feedback")
    form, submitted = read_form(request, FeedbackForm, question=question)
    if submitted and form.is_valid():
        if not take_attempt(request, "feedback", limit=LIMIT, seconds=SECONDS):
            return too_many_requests(request, SECONDS)
        services.give_feedback(
            subject=subject, service=service, person=person, ease=form.cleaned_data["ease"], text=form.cleaned_data["text"]
        )
        return SeeOther(f"{page}#feedback")
    return render(request, "cases/feedback.html", {"form": form, "crumbs": [(title, page), (question, "")], "question": question})
