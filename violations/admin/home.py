"""Violations in the menu, on the first page and in the search of staff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.registry import SUBJECTS
from municipality.imports import services as imports
from municipality.imports.models import ImportFile
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import NotPermitted
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, in_group, moment
from municipality.ui.staff_home import ROWS, HomePart, Next, Row, Work
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_roles import has_table
from municipality.ui.staff_search import FINDERS
from municipality.ui.subject_names import NAMES
from municipality.ui.templatetags.portal import bilingual, ref, term
from municipality.ui.texts import Text
from violations import queries
from violations.admin import field, lists, office, supervision
from violations.admin.tables import of_unit, role_of, within_reach
from violations.models import JudicialWarrant, Violation
from violations.services import appeals, court, notices

CLERK, AUTHORITY, COURT = office.ROLES
INSPECTOR = "inspector"
REFUSED_FOR = dt.timedelta(days=14)  # how long a refused proposal stands on the first page of its clerk
SEERS = ("auditor", COURT, AUTHORITY, CLERK, "supervisor")
PROPOSAL_NAMES = {"annulment": _("Annulment"), "relief": _("Waiver or reduction"), "stoplift": _("Lifting of the stop of services")}


def _warrant(request: HttpRequest) -> JudicialWarrant | None:
    """The warrant of the signed-in inspector. Read once a request."""
    user: Any = request.user

    def read() -> JudicialWarrant | None:
        try:
            return queries.warrant_of(user, clock.today())
        except NotPermitted:
            return None

    return request_cache.get_or_set(("warrant", user.pk), read)


def _inspects(request: HttpRequest) -> bool:
    return _warrant(request) is not None


def _unserved(request: HttpRequest) -> int | None:
    """How many notices a clerk has to serve by hand. Read once a request."""
    if not in_group(request, CLERK):
        return None
    rows = notices.not_served(of_unit(request, Violation.objects.all()))
    return request_cache.get_or_set("unserved", lambda: rows[:MAX_COUNT].count())


def _proposals(request: HttpRequest) -> list[tuple[str, Any]]:
    """The proposals that wait for this authority, the oldest of each kind first: kind and row. Read once a request."""
    if not in_group(request, AUTHORITY):
        return []
    return request_cache.get_or_set(("proposals", request.user.pk), lambda: _open_proposals(request))


def _open_proposals(request: HttpRequest) -> list[tuple[str, Any]]:
    waiting = Q(allowed_at__isnull=True, refused_at__isnull=True)
    found = []
    for kind, model in office.PROPOSALS.items():
        rows = model.objects.filter(waiting).exclude(asked_by=request.user.pk).select_related("violation", "asked_by").order_by("pk")
        found += [(kind, row) for row in rows[:ROWS]]
    return found


def _proposal_count(request: HttpRequest) -> int | None:
    return len(_proposals(request)) if in_group(request, AUTHORITY) else None


def _papers(request: HttpRequest) -> int | None:
    """How many sheets of fines on paper wait for this authority. Read once a request."""
    if not in_group(request, AUTHORITY):
        return None
    return request_cache.get_or_set("waiting_papers", lambda: imports.waiting("paper").count())


def _referable(request: HttpRequest) -> int:
    """How many violations are due for the court. Read once a request."""
    return request_cache.get_or_set("referable", lambda: court.referable()[:MAX_COUNT].count())


def _field_counts(warrant: JudicialWarrant) -> tuple[int, int]:
    """How many places an inspector sees again, and how many reports they may defend. Read once a request."""

    def read() -> tuple[int, int]:
        again = field.warned_of(warrant).filter(correct_until__lt=clock.today())
        return again[:MAX_COUNT].count(), field.to_defend(warrant)[:MAX_COUNT].count()

    return request_cache.get_or_set(("field_counts", warrant.pk), read)


def _to_do_in_the_field(request: HttpRequest) -> int | None:
    warrant = _warrant(request) if in_group(request, INSPECTOR) else None
    return sum(_field_counts(warrant)) if warrant is not None else None


def field_home(request: AuthenticatedHttpRequest) -> HomePart:
    """What is next for an inspector."""
    warrant = _warrant(request) if in_group(request, INSPECTOR) else None
    if warrant is None:
        return HomePart()
    again, defend = _field_counts(warrant)
    text = _("Badge %(number)s · to see again: %(again)s · reports to defend: %(defend)s") % {
        "number": warrant.badge_no,
        "again": again,
        "defend": defend,
    }
    return HomePart(
        Next(_("Field"), term(bilingual(warrant.team, "name")), text, _("Field pages and new violation report"), reverse("admin:field"))
    )


def office_home(request: AuthenticatedHttpRequest) -> HomePart:
    """What waits for the clerk, the authority and the clerk of the court."""
    if in_group(request, AUTHORITY):
        return _authority(request)
    if in_group(request, CLERK):
        return _clerk(request)
    if in_group(request, COURT):
        return _court(request)
    return HomePart()


def _court(request: AuthenticatedHttpRequest) -> HomePart:
    """Judgments and rulings on appeal that another clerk entered, before what is due for the court."""
    rulings = [*court.unconfirmed().exclude(entered_by=request.user)[:ROWS], *appeals.unconfirmed().exclude(entered_by=request.user)[:ROWS]]
    state = ("warn", _("Waiting for a second person"))
    rows = [  # not the judgment itself: the second clerk reads it anew
        _violation_row(row.violation, bilingual(row.violation.offence_facts, "name"), term(bilingual(row.entered_by, "name")), state)
        for row in rulings[:ROWS]
    ]
    page = reverse("admin:office_referrals")
    count = _referable(request)
    title = _("Violations are due for the court") if count else _("No violation is due for the court.")
    offer = Next(_("Violations"), title, "", _("Referral to the court"), page, waits=bool(count))
    if rows:
        offer = Next(
            _("Violations"), _("Judgments that wait for a second person"), rows[0].title, _("Confirm the next judgment"), rows[0].url
        )
    nothing = _("No judgment waits for you.")
    return HomePart(offer, [Work(_("Judgments that wait for a second person"), rows, more=page if rows else "", empty=nothing)])


def _violation_row(violation: Violation, note: Any, about: Any, state: tuple[str, Any], state_note: Any = "") -> Row:
    url = reverse("admin:office_violation", args=[violation.public_id])
    return Row(ref(violation.reference), url, note, about, state, state_note=state_note)


def _since(at: dt.datetime) -> Any:
    return format_html("{} {}", gettext("since"), moment(at))


def _authority(request: AuthenticatedHttpRequest) -> HomePart:
    state = ("warn", _("Waiting for a second person"))
    rows = [
        _violation_row(row.violation, PROPOSAL_NAMES[kind], term(bilingual(row.asked_by, "name")), state, _since(row.asked_at))
        for kind, row in _proposals(request)
    ]
    papers = imports.waiting("paper").select_related("loaded_by").order_by("pk")[:ROWS]
    rows += [_paper_row(paper, state) for paper in papers]
    nothing = _("Nothing waits for a second person.")
    if rows:
        offer = Next(_("Violations"), rows[0].title, rows[0].note, _("Open the next proposal"), rows[0].url)
    else:
        page = reverse("admin:violations_violation_changelist")
        offer = Next(_("Violations"), nothing, "", _("Violation reports"), page, waits=False)
    return HomePart(offer, [Work(_("Waiting for a second person"), rows[:ROWS], empty=nothing)])


def _paper_row(paper: ImportFile, state: tuple[str, Any]) -> Row:
    url = reverse("admin:office_paper_file", args=[paper.public_id])
    return Row(term(paper.name), url, _("Fines on paper"), term(bilingual(paper.loaded_by, "name")), state)


def _clerk(request: AuthenticatedHttpRequest) -> HomePart:
    waiting = notices.not_served(of_unit(request, Violation.objects.all())).select_related("shop")[:ROWS]
    state = ("warn", _("Not served"))
    rows = [
        _violation_row(row, bilingual(row.offence_facts, "name"), term(bilingual(row.shop, "name")) if row.shop else "", state)
        for row in waiting
    ]
    if rows:
        title = _("A notice that the messages do not serve")
        offer = Next(_("Violations"), title, rows[0].title, _("Serve the next notice"), rows[0].url)
    else:
        page = reverse("admin:violations_violation_changelist")
        offer = Next(_("Violations"), _("Every notice is served or on its way."), "", _("Violation reports"), page, waits=False)
    more = reverse("admin:office_unserved")
    unserved = Work(_("Notices that were not served"), rows, more=more, empty=_("Every notice is served or on its way."))
    return HomePart(offer, [unserved, Work(_("Refused by the second person"), _refused(request), is_done=True)])


def _refused(request: AuthenticatedHttpRequest) -> list[Row]:
    """What this clerk proposed and was refused in the last days, the newest first, with the words of the refusal."""
    state = ("bad", _("refused"))
    found = []
    for kind, model in office.PROPOSALS.items():
        refused = model.objects.filter(asked_by=request.user, refused_at__gte=clock.now() - REFUSED_FOR).select_related("violation")
        found += [(kind, one) for one in refused.order_by("-pk")[:ROWS]]
    found.sort(key=lambda one: one[1].refused_at, reverse=True)
    return [_violation_row(one.violation, PROPOSAL_NAMES[kind], term(one.refused_because), state) for kind, one in found[:ROWS]]


staff_menu.register(
    "violations",
    StaffEntry(
        "work",
        _("Field pages"),
        "admin:field",
        (INSPECTOR,),
        may=_inspects,
        count=_to_do_in_the_field,
        tile=_("to see again, or reports to defend"),
        tone="warn",
    ),
    StaffEntry("work", _("Map of the round"), "admin:field_map", (INSPECTOR,), may=_inspects),
    StaffEntry(
        "violations",
        _("Violation reports"),
        "admin:violations_violation_changelist",
        permission="violations.view_violation",
        count=_proposal_count,  # they stand on the first page one by one
        tone="warn",
    ),
    StaffEntry(
        "violations",
        _("Notices that were not served"),
        "admin:office_unserved",
        lists.SERVES,
        count=_unserved,
        tile=_("to be served by hand"),
        tone="warn",
    ),
    StaffEntry("violations", _("Violation reports that nobody defended"), "admin:office_undefended", lists.WATCHES),
    StaffEntry(
        "violations",
        _("Fines on paper"),
        "admin:office_paper",
        (CLERK, AUTHORITY),
        count=_papers,
        tile=_("sheets that wait for you"),
        tone="warn",
    ),
    StaffEntry(
        "violations",
        _("Referral to the court"),
        "admin:office_referrals",
        (COURT,),
        count=_referable,
        tile=_("due for the court"),
        tone="warn",
    ),
    StaffEntry("violations", _("Map and list of violation reports"), "admin:office_map", SEERS),
    StaffEntry("violations", _("Figures of violation reports"), "admin:office_figures", supervision.ROLES),
    StaffEntry(
        "violations",
        _("Batches for the court"),
        "admin:violations_referralbatch_changelist",
        permission="violations.view_referralbatch",
        may=lambda request: not in_group(request, COURT),  # has them under what is due
    ),
    StaffEntry("violations", _("Inspectors"), "admin:violations_judicialwarrant_changelist", permission="violations.view_judicialwarrant"),
    StaffEntry("violations", _("Teams of inspectors"), "admin:violations_team_changelist", permission="violations.view_team"),
)


def find(request: HttpRequest, reference: str) -> str:
    """The page of a violation report, a warning, or the violation of an objection: of the office, of the field, or the record."""
    rows = Violation.objects.filter(Q(number=reference) | Q(warning_number=reference) | Q(objection__case__reference=reference))
    if role_of(request):
        row = within_reach(request, rows).first()
        if row is None:
            return ""
        if in_group(request, *office.ROLES):
            return reverse("admin:office_violation", args=[row.public_id])
        return reverse("admin:violations_violation_change", args=[row.pk]) if has_table(request, "violations.view_violation") else ""
    warrant = _warrant(request) if in_group(request, INSPECTOR) else None
    row = rows.filter(branch=warrant.team.branch_id).first() if warrant is not None else None
    if row is not None and warrant is not None and row.is_womens_premises and not warrant.team.is_womens:
        return ""
    return reverse("admin:field_violation", args=[row.public_id]) if row is not None else ""


FINDERS.register("violations", find)


def keys_of(number: str) -> list[str]:
    """The keys of the violation with the number of its report or warning, for the audit log."""
    return [row.key for row in Violation.objects.filter(Q(number=number) | Q(warning_number=number))]


SUBJECTS.register("violations", keys_of)


def _names(public_ids: Collection[str]) -> dict[str, Text]:
    rows = Violation.objects.filter(public_id__in=public_ids).only("public_id", "number", "warning_number")
    return {row.public_id: format_html("{} {}", gettext("Violation"), ref(row.reference)) for row in rows}


NAMES.register("violation", _names)
