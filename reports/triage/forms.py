"""The forms of the steps on a report. Each reason and result is offered with the words that everybody reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.fieldwork.forms import VisitForm
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.texts import Bilingual
from municipality.rulebook.queries import Reason
from municipality.ui.forms import DayField, FoldedField
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import both
from reports import promises, queries
from reports.models import Report
from reports.reporters import notifications
from reports.results import MEASURES, NOT_YET, impossible_results, is_unanswered, lacking_measures, written_result
from reports.states import ReportState
from reports.triage.services import rows
from reports.triage.services.joins import LEAST_PARTS, ReportPart
from reports.triage.services.questions import LONGEST

_CHOOSE = {"required": _("Choose a reason from the list."), "invalid_choice": _("Choose a reason from the list.")}
_WRONG_DAY = _("Choose a day such as 2026-12-31.")


_RESULT = _("(the text of the result that you choose)")


def _option(label: Any, text: Any) -> SafeString:
    """A choice with what is read of it."""
    return format_html("<strong>{}</strong><small>{}</small>" if text else "<strong>{}</strong>", label, text)


def _told(reasons: Mapping[str, Reason]) -> list[tuple[str, Any]]:
    """Codes with their label, and the sentence that everybody reads."""
    return [(code, _option(bilingual(reason, "label"), bilingual(reason, "text"))) for code, reason in reasons.items()]


def _categories() -> list[tuple[str, Any]]:
    return [("", "—"), *((code, bilingual(found, "name")) for code, found in queries.rules().categories.items())]


def _named(row: Any) -> Bilingual:
    return Bilingual(row.name_ar, row.name_en)


class StepForm(forms.Form):
    """A step that needs nothing more. `report` is the one it is about; ids of fields differ between the forms of a page."""

    def __init__(self, data: Any = None, files: Any = None, *, report: Report, step: str) -> None:
        super().__init__(data, files, auto_id=f"{step}_%s")
        self.report = report

    def message(self) -> str:
        """What the reporter reads after the step; empty where they are told nothing, or where each choice says it."""
        return ""


class SignForm(StepForm):
    def message(self) -> str:
        if is_unanswered(self.report):
            return notifications.preview(self.report, "unanswered")
        written = written_result(self.report)
        return _closing(self.report, Bilingual(written.text_ar, written.text_en)) if written is not None else ""


def _closing(report: Report, result: Bilingual) -> str:
    return notifications.preview(report, "closed", result=result, may_judge=True, days=queries.limits()["solved_days"])


# Reasons that fit some steps only; any other of the rulebook is offered at each.
FITTING = {"absent": "draw_again", "conflict": "draw_again", "proof_unclear": "send_back", "other_category": "recategorise"}
FITTING["not_ours"] = "hand_over"


class ReasonForm(StepForm):
    """A step for a coded reason."""

    code = forms.ChoiceField(label=_("Reason, as everybody reads it"), widget=forms.RadioSelect, error_messages=_CHOOSE)
    first = ""  # the code that is chosen to begin with

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        step = kwargs["step"]
        fitting = {code: reason for code, reason in rows.reasons().items() if FITTING.get(code, step) == step}
        self.fields["code"].choices = _told(fitting)  # type: ignore[attr-defined]
        self.fields["code"].initial = self.first


class DrawForm(ReasonForm):
    first = "absent"


class SendBackForm(ReasonForm):
    first = "proof_unclear"


class CategoryForm(ReasonForm):
    """Another category."""

    first = "other_category"
    category = forms.ChoiceField(
        label=_("Category, and what the reporter reads"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what it is from the list."), "invalid_choice": _("Choose what it is from the list.")},
    )
    field_order = ("category", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = list(self._others())  # type: ignore[attr-defined]

    def _others(self) -> Iterator[tuple[str, SafeString]]:
        """The categories that a report can be given."""
        since, limits = promises.opened_at(self.report), queries.limits()
        for code, found in queries.rules().categories.items():
            with suppress(Refused):  # an emergency
                _severity, until = promises.recategorised(self.report, found, since, limits)
                if code != self.report.category:
                    text = notifications.preview(self.report, "recategorised", category=_named(found), until=until)
                    yield code, _option(bilingual(found, "name"), text)


class AskReporterForm(StepForm):
    """A question to the reporter."""

    text = forms.CharField(
        label=_("Question"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The reporter reads exactly this. You do not learn who it is."),
        error_messages={"required": _("Write the question.")},
    )

    def message(self) -> str:
        until = clock.today() + dt.timedelta(days=queries.limits()["answer_days"])
        return notifications.preview(self.report, "asked", until=until)


class HandOverForm(ReasonForm):
    """The body, and its last day, after which the report comes back."""

    first = "not_ours"
    body = forms.ChoiceField(
        label=_("Body, and what the reporter reads"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the body from the list."), "invalid_choice": _("Choose the body from the list.")},
    )
    back_on = DayField(
        label=_("Last day of the body"),
        required=False,
        help_text=_(
            "The report comes back after this day. Left empty, it comes back after the full time of the body. "
            "The time promised to the reporter goes on."
        ),
        error_messages={"invalid": _WRONG_DAY},
    )
    field_order = ("body", "back_on", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bodies = queries.rules().bodies
        choices: list[tuple[str, Any]] = []
        for code, body in bodies.items():
            facts = _("%(name)s, %(contact)s, %(days)s days") % {
                "name": bilingual(body, "name"),
                "contact": body.contact,
                "days": body.days,
            }
            until = clock.today() + dt.timedelta(days=body.days)
            choices.append((code, _option(facts, notifications.preview(self.report, "handed_over", body=_named(body), until=until))))
        self.fields["body"].choices = choices  # type: ignore[attr-defined]
        self.fields["body"].initial = self.report.category_facts.get("body", "")


class MergeForm(StepForm):
    """The number of the other report, and why both are one."""

    into = FoldedField(
        label=_("Number of the other report"),
        max_length=20,
        help_text=_("Of the same category and at the same place. Both numbers stay alive, and both reporters are told."),
        error_messages={"required": _("Give the number of the other report.")},
    )
    why = forms.CharField(
        label=_("By what one sees that it is the same problem"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("It is kept in the audit log with the distance between the two."),
        error_messages={"required": _("Write by what one sees that both reports are about the same problem.")},
    )

    def message(self) -> str:
        return notifications.preview(self.report, "joined", other="EYE-…")

    def clean_into(self) -> Report:
        found = Report.objects.filter(number=str(self.cleaned_data["into"]).upper()).first()
        if found is None:
            raise ValidationError(_("No report has this number. Please compare it with the list."), code="unknown")
        return found


class SplitForm(StepForm):
    """Category and words of each part, and of a report at a shop whether it is about that shop; a line that is left empty is no part."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(1, queries.limits()["parts"] + 1):
            is_needed = number <= LEAST_PARTS
            facts = {"number": number}
            self.fields[f"category_{number}"] = forms.ChoiceField(
                label=_("Part %(number)s: category") % facts, choices=_categories(), required=is_needed
            )
            self.fields[f"words_{number}"] = forms.CharField(
                label=_("Part %(number)s: what it is, for the file") % facts, required=is_needed, max_length=300
            )
            if self.report.shop_id is not None:
                label = _("Part %(number)s is not about this shop: somebody else is responsible")
                self.fields[f"is_other_{number}"] = forms.BooleanField(label=label % facts, required=False)

    def message(self) -> str:
        return notifications.preview(self.report, "divided", parts="EYE-…، EYE-…")

    @property
    def parts(self) -> list[ReportPart]:
        """The parts of a valid form."""
        data, numbers = self.cleaned_data, range(1, queries.limits()["parts"] + 1)
        parts = [
            ReportPart(data[f"category_{number}"], data[f"words_{number}"], is_about_shop=not data.get(f"is_other_{number}"))
            for number in numbers
        ]
        return [part for part in parts if part.category or part.words]


class InspectForm(StepForm):
    """Why the shop is inspected."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The owner reads it. Facts, without names, and nothing of who reported."),
        error_messages={"required": _("Write why this shop is inspected. The reason is kept and its owner reads it.")},
    )


class CloseForm(VisitForm):
    """The result with a photo from the place, by hand or from the queue of a device. `written_at`: when it was sent off, by its clock."""

    report = forms.CharField(widget=forms.HiddenInput, max_length=26)
    written_at = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    code = forms.ChoiceField(
        label=_("Result, as everybody reads it"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the result."), "invalid_choice": _("Choose the result.")},
    )
    note = forms.CharField(
        label=_("Note for the file"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Nobody outside reads it."),
    )
    asks_signature = forms.BooleanField(
        label=_("Where the photo proves too little, another person is asked to sign"),
        required=False,
        help_text=_("This is always asked for where a result was kept offline and reached the portal with its photo too late."),
    )

    def __init__(self, data: Any = None, *, report: Report) -> None:
        initial = {"client_key": str(uuid4()), "seen_at": clock.now().isoformat(timespec="seconds"), "report": report.public_id}
        self.needs_signature = report.latitude is None or report.longitude is None  # no photo can be measured
        super().__init__(data, initial=initial | {"asks_signature": self.needs_signature}, auto_id="close_%s")
        self.row = report
        lacking = lacking_measures(report) - {(data or {}).get("code")}
        self.fields["code"].choices = list(self._results(lacking))  # type: ignore[attr-defined]
        if lacking:
            self.fields["code"].help_text = _("A warning or a violation report can be chosen once it is written from this page.")

    def _results(self, lacking: Collection[str]) -> Iterator[tuple[str, SafeString]]:
        impossible = impossible_results(self.row)
        for code, reason in rows.reasons(rows.RESULT).items():
            if code in lacking or code in impossible:
                continue
            text: Any = bilingual(reason, "text")
            if self.row.shop_id is not None and code in MEASURES:
                text = format_html("{} {} {}", text, _("Until it is final, everybody reads instead:"), NOT_YET)
            yield code, _option(bilingual(reason, "label"), text)

    def message(self) -> str:
        return _closing(self.row, Bilingual(*both(_RESULT)))

    def clean_written_at(self) -> dt.datetime | None:
        """None where the device gives no time."""
        try:
            moment = dt.datetime.fromisoformat(self.cleaned_data["written_at"])
            return moment.astimezone(dt.UTC) if moment.tzinfo is not None else None
        except (ValueError, OverflowError):
            return None


# By state: what the drawn inspector may do, and what a supervisor of the branch may, in the order of the page.
OF_INSPECTOR: dict[str, list[str]] = {
    ReportState.ASSIGNED: ["close", "ask", "hand_over", "recategorise", "merge", "split", "inspect"],
    ReportState.ASKED: ["merge"],
    ReportState.HANDED_OVER: ["take_back"],
}
OF_SUPERVISOR: dict[str, list[str]] = {
    ReportState.ASSIGNED: ["draw_again"],
    ReportState.COUNTERSIGN: ["countersign", "send_back"],
}
FORMS: dict[str, type[StepForm]] = {
    "ask": AskReporterForm,
    "hand_over": HandOverForm,
    "recategorise": CategoryForm,
    "merge": MergeForm,
    "split": SplitForm,
    "inspect": InspectForm,
    "take_back": StepForm,
    "draw_again": DrawForm,
    "countersign": SignForm,
    "send_back": SendBackForm,
}
