"""The desk in the menu and on the first page: one button, what is in the officer's own hands, what waits for a signature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES
from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.review import queries
from municipality.review.admin import clocks, decided, late
from municipality.review.admin.page import RETURNED
from municipality.review.boards import SOON_DAYS, audited_clocks, decisions_of, due_clocks, overrides_to_allow, promises
from municipality.review.models import Assignment, Clock
from municipality.review.returned import is_returned
from municipality.review.services import queue
from municipality.review.services.staff import ROLES
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group, require_role
from municipality.ui.plurals import within
from municipality.ui.staff_home import ROWS, HomeNotice, HomePart, Next, Row, Work
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_roles import groups_of
from municipality.ui.staff_search import FINDERS, NOTES
from municipality.ui.templatetags.portal import bilingual, moment, ref, term
from municipality.ui.texts import Text

OFFICER, SUPERVISOR, AUDITOR = "officer", "supervisor", "auditor"
ORDER = (QueueEntryState.HELD, QueueEntryState.ANSWERED, QueueEntryState.COUNTERSIGN, QueueEntryState.AWAY)
# State of the place → how its officer reads it: tag and word.
STATES = {
    QueueEntryState.HELD: ("warn", gettext_lazy("On the desk")),
    QueueEntryState.ANSWERED: ("ok", gettext_lazy("Answer arrived")),
    QueueEntryState.AWAY: ("wait", gettext_lazy("With the applicant")),
    QueueEntryState.COUNTERSIGN: ("wait", gettext_lazy("With a supervisor to sign")),
}

# Of the officer's own places: state → what is said where there is none.
NONE_OF = {
    QueueEntryState.HELD: gettext_lazy("Nothing is open on the desk."),
    QueueEntryState.ANSWERED: gettext_lazy("No request was answered or returned."),
    QueueEntryState.COUNTERSIGN: gettext_lazy("No proposal waits for a signature."),
    QueueEntryState.AWAY: gettext_lazy("Nothing is with an applicant."),
}
NOTHING_WAITS = gettext_lazy("No request is waiting for you.")
BACK = gettext_lazy("Answered or returned")  # the tile of ANSWERED, in which a returned proposal stands too


def _desk(request: HttpRequest) -> queries.OfficerDesk:
    """The officer's desk. Read once a request."""
    user: Any = request.user
    return request_cache.get_or_set(("desk", user.pk), lambda: queries.desk_of(user))


def _waiting(request: HttpRequest) -> Counter[str]:
    """What waits for this supervisor: decisions to `sign`, requests ahead of their turn to `allow`. One statement a request."""

    def read() -> Counter[str]:
        user: Any = request.user
        to_sign = queries.decisions_to_sign(user).order_by().values_list(Value("sign"), "pk")
        to_allow = overrides_to_allow(user).order_by().values_list(Value("allow"), "pk")
        return Counter(which for which, _pk in to_sign.union(to_allow, all=True))

    return request_cache.get_or_set(("waiting", request.user.pk), read)


def _to_sign(request: HttpRequest) -> int:
    return _waiting(request)["sign"]


def _to_allow(request: HttpRequest) -> int:
    return _waiting(request)["allow"]


def _has_branch(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "branch_id", None))


def _reads_conflicts(request: HttpRequest) -> bool:
    return in_group(request, AUDITOR) or _has_branch(request)


def _anchor(state: str) -> str:
    return f"mine-{QueueEntryState(state).value}"


def _mine(state: QueueEntryState, tile: Any) -> StaffEntry:
    """A count of the officer's own cases, which stand on the first page."""

    def count(request: HttpRequest) -> int:
        return _desk(request).count(state)

    label = BACK if state == QueueEntryState.ANSWERED else STATES[state][1]
    return StaffEntry("work", label, "admin:index", (OFFICER,), fragment=f"#{_anchor(state)}", count=count, tile=tile)


def _soon() -> str:
    return within(SOON_DAYS[0], "working_day")


def _due(which: str, label: Text, tile: Text, tone: str) -> StaffEntry:
    """A count of the board, which opens exactly the list that it counts."""

    def count(request: HttpRequest) -> int:
        user: Any = request.user
        return getattr(promises(user.branch_id), which)  # type: ignore[no-any-return]

    return StaffEntry(
        "branch", label, "admin:desk_board", (SUPERVISOR,), may=_has_branch, fragment=f"#{which}", count=count, tile=tile, tone=tone
    )


staff_menu.register(
    "review",
    _mine(QueueEntryState.HELD, gettext_lazy("open before you")),
    _mine(QueueEntryState.ANSWERED, gettext_lazy("their place is kept")),
    _mine(QueueEntryState.COUNTERSIGN, gettext_lazy("nothing is sent before the signature")),
    _mine(QueueEntryState.AWAY, gettext_lazy("the clock stands still")),
    StaffEntry("work", gettext_lazy("Decided by me"), "admin:desk_decided", (OFFICER,)),
    StaffEntry("work", gettext_lazy("My absences and conflicts of interest"), "admin:desk_absence", ROLES),
    StaffEntry(
        "branch",
        gettext_lazy("Decisions to sign"),
        "admin:desk_sign",
        (SUPERVISOR,),
        may=_has_branch,
        count=_to_sign,
        tile=gettext_lazy("wait for a signature"),
        tone="warn",
    ),
    StaffEntry(
        "branch",
        gettext_lazy("Ahead of its turn"),
        "admin:desk_board",
        (SUPERVISOR,),
        may=_has_branch,
        fragment="#ahead",
        count=_to_allow,
        tile=gettext_lazy("wait for you to allow them"),
        tone="warn",
    ),
    StaffEntry("branch", gettext_lazy("Board of the branch"), "admin:desk_board", (SUPERVISOR,)),
    _due("late", gettext_lazy("Late requests"), gettext_lazy("past their promise"), "bad"),
    _due("soon", gettext_lazy("Due soon"), lazy(_soon, str)(), "warn"),
    StaffEntry("branch", gettext_lazy("Figures of decisions"), "admin:desk_figures", (SUPERVISOR, AUDITOR)),
    StaffEntry("branch", gettext_lazy("People of the branch"), "admin:desk_people", (SUPERVISOR,)),
    StaffEntry(
        "integrity",
        gettext_lazy("Declared conflicts of interest"),
        "admin:desk_conflicts",
        (SUPERVISOR, AUDITOR),
        may=_reads_conflicts,
    ),
)


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """What the desk says on the first page, by the roles held. Of the queue it tells only whether the button would find a case."""
    if in_group(request, OFFICER):
        return _officer(request)
    if in_group(request, SUPERVISOR) and _has_branch(request):
        return _supervisor(request)
    if in_group(request, AUDITOR):
        return _auditor()
    return HomePart()


def _officer(request: AuthenticatedHttpRequest) -> HomePart:
    desk = _desk(request)
    held = sorted(desk.held, key=lambda row: ORDER.index(QueueEntryState(row.place.state)))
    notices = []
    skills = queries.skills_of(request.user)
    is_absent = bool(skills) and queries.is_absent(request.user)  # without a field of work nothing is handed out anyway
    if is_absent:
        text = _("No case is handed out on days of absence.")
        notices.append(
            HomeNotice(_("Absent today"), text, reverse("admin:desk_absence"), _("My absences and conflicts of interest"), "warn")
        )
    if not skills:
        text = _("No field of work is entered for you yet; a supervisor of the branch does that.")
        notices.append(HomeNotice(text, kind="warn"))
    calendar = rulebook.calendar() if held else None
    first = {row.place.state: row.pk for row in reversed(held)}  # a link of the menu leads to the first of its state
    rows = [_row(row, calendar, _anchor(row.place.state) if first[row.place.state] == row.pk else "") for row in held]
    offer = _next(desk, skills, is_absent=is_absent)
    states = {row.place.state for row in held}
    none_of = [(_anchor(state), text) for state, text in NONE_OF.items() if state not in states]
    mine = Work(_("In my hands"), rows, empty=_("Nothing is in your hands."), none_of=none_of)
    made = decided.rows_of(request, ROWS)
    more = reverse("admin:desk_decided") if made else ""
    return HomePart(offer, [mine, Work(_("Decided by me"), made, more=more, is_done=True)], notices)


def _next(desk: queries.OfficerDesk, skills: Sequence[str], *, is_absent: bool) -> Next:
    """The button that opens or hands out a case; without it where none is there, or none is handed out today."""
    if is_absent:
        return Next(_("My desk"), _("No case is handed out today."), "", waits=False)
    if desk.open is not None:
        title: Any = term(bilingual(desk.open.place.case, "title"))
        text = _("One request is open on the desk; the button opens it.")
        button: Any = format_html(_("Go on with {reference}"), reference=ref(desk.open.place.case.reference))
    elif desk.answered or queries.assignable(desk.officer, skills).exists():
        title = _("The next one of the queue")
        text = _("The button hands out answers that arrived, then what was put ahead of its turn, then the request that waited longest.")
        button = _("Next case")
    else:
        return Next(_("My desk"), NOTHING_WAITS, "", waits=False)
    return Next(_("My desk"), title, text, button, reverse("admin:desk_next"), is_post=True)


def _row(row: Assignment, calendar: Any, anchor: str) -> Row:
    case = row.place.case
    line = clocks.line(getattr(case, "clock", None), calendar)
    name = TIMELINES[case.service].name if case.service in TIMELINES else ""
    return Row(
        ref(case.reference),
        reverse("admin:desk_case", args=[case.public_id]),
        name,
        term(bilingual(case, "title")),
        ("warn", RETURNED[last.move])
        if (last := row.place.last_event) and is_returned(row.place)
        else STATES[QueueEntryState(row.place.state)],
        (line.kind, line.word) if line else None,
        line.due_at if line else None,
        max(3, min(line.percent, 100)) if line else None,
        bool(line and line.is_paused),
        anchor=anchor,
    )


def _supervisor(request: AuthenticatedHttpRequest) -> HomePart:
    waiting = _to_sign(request)
    if waiting:
        title = ngettext("One decision waits for a signature", "%(count)s decisions wait for a signature", waiting) % {"count": waiting}
        text = _("The oldest opens first.")
        offer = Next(_("The branch"), title, text, _("Next decision to sign"), reverse("admin:desk_sign"))
    else:
        title = _("No decision waits for a signature.")
        offer = Next(_("The branch"), title, "", _("Board of the branch"), reverse("admin:desk_board"), waits=False)
    branch = request.user.branch
    if branch is None:
        return HomePart(offer)
    rows = [_late_row(row) for row in late.lines(due_clocks(branch)[:ROWS], request.user)]
    work = Work(
        _("Late, or late unless decided %(within)s") % {"within": _soon()},
        rows,
        more=f"{reverse('admin:desk_board')}#late" if rows else "",
        empty=_("No request of the branch is late, and no promise ends in this time."),
    )
    return HomePart(offer, [work])


def _late_row(line: late.LateLine) -> Row:
    case = line.case
    name = TIMELINES[case.service].name if case.service in TIMELINES else ""
    where = format_html("{} · {} {}", line.where, _("since"), moment(line.since))
    state = ("bad", line.clock.escalated) if line.clock.level else None
    return Row(
        ref(case.reference),
        line.url,
        name,
        term(bilingual(case, "title")),
        state,
        (line.clock.kind, line.clock.word),
        line.clock.due_at,
        state_note=where,
    )


def _auditor() -> HomePart:
    """The late requests of all branches that were escalated to the auditors, the latest first."""
    found = list(audited_clocks()[:ROWS])
    calendar = rulebook.calendar() if found else None
    rows = [_audited_row(row, clocks.clock_line(row, calendar)) for row in found]
    empty = _("No late request is escalated to the auditors.")
    return HomePart(work=[Work(_("Late requests, escalated to the auditors"), rows, empty=empty)])


def _audited_row(row: Clock, line: clocks.ClockLine) -> Row:
    name = TIMELINES[row.case.service].name if row.case.service in TIMELINES else ""
    branch = bilingual(row.case.branch, "name")
    url = reverse("admin:desk_case", args=[row.case.public_id])
    return Row(ref(row.case.reference), url, name, branch, ("bad", line.escalated), (line.kind, line.word), line.due_at)


def find(request: HttpRequest, reference: str) -> str:
    """The page of a request on the desk, for those who may open it."""
    public_id = Case.objects.filter(reference=reference).values_list("public_id", flat=True).first()
    user: Any = request.user
    access = queries.case_access(user, public_id, groups_of(request)) if public_id else None
    return reverse("admin:desk_case", args=[public_id]) if access is not None and access.may_open else ""


FINDERS.register("review", find)


def no_longer_open(request: HttpRequest, reference: str) -> Text:
    """That this person decided the request and when: it stays open to its officer for some days only (`queries.may_open`)."""
    user: Any = request.user
    decision = decisions_of(user).filter(case__reference=reference).first()
    if decision is None:
        return ""
    return format_html(_("You decided this request on {at}. It is not open to you any more."), at=moment(decision.made_at))


NOTES.register("review", no_longer_open)


@require_POST
def next_case(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The one way to a case: to the page of the one that is handed out, or back with the reason why there is none."""
    require_role(request, OFFICER)
    try:
        assignment = queue.next_case(officer=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal.sentence))
        return redirect("admin:index")
    if assignment is None:
        messages.info(request, NOTHING_WAITS)
        return redirect("admin:index")
    return redirect("admin:desk_case", assignment.place.case.public_id)
