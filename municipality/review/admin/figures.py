"""Figures of decisions by unit and kind, as charts whose bars lead to their cases, and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import admin
from django.db import transaction
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from municipality.accounts.models import actor_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.review import performance
from municipality.review.models import QueueEntry
from municipality.review.performance import DAYS, RATES, Decided, UnitFigures
from municipality.ui.admin_base import require_role
from municipality.ui.tables import as_csv
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text

ROLES = ("supervisor", "auditor")
LEAST_DAYS = 0.1  # working days; less is said in words
MOST = 200  # cases of a list
COUNTED: dict[str, Text] = {
    "late": gettext_lazy("decided after the promised time"),
    "rounds": gettext_lazy("with corrections asked for"),
    "reopened": gettext_lazy("proposals that went back"),
    "overturned": gettext_lazy("refusals set aside after an appeal"),
}
OUTCOMES: dict[bool, tuple[str, Text]] = {False: ("ok", gettext_lazy("Approval")), True: ("bad", gettext_lazy("Refusal"))}


@dataclass(frozen=True)
class Bar:
    """One bar: its label, value in words, width in per cent, and the list of its cases."""

    label: str
    value: str
    wide: float
    url: str

    @property
    def width(self) -> str:
        return f"{self.wide:.1f}%"


@dataclass(frozen=True)
class CaseLine:
    """One case behind a bar: its tag and word of the outcome, and how long it took."""

    entry: QueueEntry
    taken: str
    outcome: tuple[str, Text]


@dataclass(frozen=True)
class Chart:
    """`title` is the finding in words, `counted` says what the bars count; without bars there is nothing to count."""

    name: str
    title: str
    counted: str
    bars: list[Bar]


@require_safe
def figures(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The charts, each with its table."""
    require_role(request, *ROLES)
    lines = performance.lines(request.user)
    context = {
        **admin.site.page_context(request),  # type: ignore[attr-defined]
        "title": _("Figures of decisions"),
        "charts": _charts(lines) if lines else [],
        "days": DAYS,
    }
    return TemplateResponse(request, "admin/review/figures.html", context)


def _label(line: UnitFigures) -> str:
    return _("%(kind)s in %(unit)s") % {"kind": line.name, "unit": bilingual(line.branch, "name")}


def _url(line: UnitFigures, rate: str = "") -> str:
    query = {"branch": line.branch.pk, "service": line.service, "counted": rate}
    return f"{reverse('admin:desk_figure_cases')}?{urlencode({name: value for name, value in query.items() if value})}"


def _taken(days: float) -> str:
    """How long a decision took, in working days; one that took no time is not 0.0 of them."""
    if days < LEAST_DAYS:
        return _("less than %(days)s working day") % {"days": LEAST_DAYS}
    return _("%(days)s working days") % {"days": f"{days:.1f}"}


def _charts(lines: Sequence[UnitFigures]) -> list[Chart]:
    return [_times(lines, "half"), _times(lines, "ninety"), *(_rate(lines, rate) for rate in RATES)]


def _times(lines: Sequence[UnitFigures], name: str) -> Chart:
    longest = max(lines, key=lambda line: getattr(line, name))
    most = max(getattr(longest, name), LEAST_DAYS)
    values = {"days": _taken(getattr(longest, name)), "kind": _label(longest)}
    if name == "half":
        title = _("%(kind)s takes longest: half of its decisions come within %(days)s") % values
    else:
        title = _("%(kind)s takes longest: nine of ten decisions come within %(days)s") % values
    bars = [Bar(_label(line), _taken(getattr(line, name)), 100 * getattr(line, name) / most, _url(line)) for line in lines]
    return Chart(
        name,
        title,
        _("Working time from joining the queue to the decision, without the applicant’s own time, as on the public page of the queue."),
        bars,
    )


def _rate(lines: Sequence[UnitFigures], rate: str) -> Chart:
    counted, base = sum(line.count(rate) for line in lines), sum(line.base(rate) for line in lines)
    of = _("Of the refusals of each unit and kind.") if rate == "overturned" else _("Of the decisions of each unit and kind.")
    if not base:  # only refusals may be none: a line has decisions
        return Chart(rate, _("No request was refused in this time, so no refusal was set aside"), of, [])
    title = _("%(counted)s of %(base)s %(what)s") % {"counted": counted, "base": base, "what": COUNTED[rate]}
    bars = [Bar(_label(line), _share(line, rate), 100 * line.count(rate) / max(1, line.base(rate)), _url(line, rate)) for line in lines]
    return Chart(rate, title, of, bars)


def _share(line: UnitFigures, rate: str) -> str:
    if not line.base(rate):
        return _("no refusal")
    return _("%(counted)s of %(base)s") % {"counted": line.count(rate), "base": line.base(rate)}


@require_safe
def cases(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The cases behind one bar; the address says which. Raises Http404 for what counts nothing."""
    require_role(request, *ROLES)
    branch, service, rate = (request.GET.get(name, "") for name in ("branch", "service", "counted"))
    if rate not in ("", *RATES):
        raise Http404
    line, counted = performance.cases_of(request.user, branch=branch, service=service, rate=rate)
    title = _("Cases behind a figure")
    if line is not None:
        what = COUNTED.get(rate, _("all decisions, with the time that each took"))
        title = _("%(unit)s: %(what)s") % {"unit": _label(line), "what": what}
    context = {
        **admin.site.page_context(request),  # type: ignore[attr-defined]
        "title": title,
        "kind": line.name if line is not None else "",
        "days": DAYS,
        "total": len(counted),
        "rows": _case_lines(counted[:MOST]),
        "more": len(counted) > MOST,
        "most": MOST,
    }
    return TemplateResponse(request, "admin/review/figure_cases.html", context)


def _case_lines(counted: Sequence[Decided]) -> list[CaseLine]:
    entries = QueueEntry.objects.select_related("case", "last_event").in_bulk([case.entry for case in counted])
    return [CaseLine(entries[case.entry], _taken(case.time.days), OUTCOMES[case.refused]) for case in counted]


@require_safe
def export(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The counts as a file. A count below five is not given, nor are the times of so few cases; who took it is in the audit log."""
    require_role(request, *ROLES)
    header = [
        _("Branch"),
        _("Service"),
        _("decided"),
        _("half within, working days"),
        _("nine of ten within, working days"),
        *map(str, COUNTED.values()),
        _("refused"),
    ]
    content = as_csv(header, [_exported(line) for line in performance.lines(request.user)])
    user = request.user
    with transaction.atomic():
        record("review.figures_exported", subject=user.key, actor=actor_of(user), data={"days": DAYS})
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="decisions-{user.branch_id or "all"}-{clock.today().isoformat()}.csv"'
    return response


def _exported(line: UnitFigures) -> list[str]:
    few = line.decided < performance.LEAST
    times = ["", ""] if few else [f"{line.half:.1f}", f"{line.ninety:.1f}"]
    counts = [performance.hidden(line.count(rate)) for rate in RATES]
    return [
        bilingual(line.branch, "name"),
        str(line.name),
        performance.hidden(line.decided),
        *times,
        *counts,
        performance.hidden(line.refused),
    ]
