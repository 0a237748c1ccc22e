"""Pages of absences, skills and conflicts of interest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from municipality.accounts.models import User
from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review.models import Absence, ConflictOfInterest, Skill
from municipality.review.models.staff import FROM_ACTS, AbsenceKind, ConflictKind
from municipality.review.registry import PARTY_NUMBERS
from municipality.review.services import staff
from municipality.ui.admin_base import code, in_group, require_role
from municipality.ui.code_labels import CODE_LABELS
from municipality.ui.forms import DayField, FoldedField
from municipality.ui.subject_names import names_of
from municipality.ui.texts import Text

MAX_CONFLICTS = 500
CONFLICT_IDS = "id_conflict_%s"  # both forms of the page have a field `kind`
ROLES = ("officer", "supervisor", "inspector")  # who is assigned requests, reports or visits


class _DateInput(forms.DateInput):
    input_type = "date"

    def format_value(self, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else value


class AbsenceForm(forms.Form):
    """Days of absence, first and last."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AbsenceKind.choices)
    first_day = DayField(label=gettext_lazy("First day"), input_formats=["%Y-%m-%d"], widget=_DateInput)
    last_day = DayField(label=gettext_lazy("Last day"), input_formats=["%Y-%m-%d"], widget=_DateInput)


class ConflictForm(forms.Form):
    """A shop with which a member of staff has a conflict of interest."""

    number = FoldedField(label=gettext_lazy("Number of the commercial licence"), max_length=40)
    kind = forms.ChoiceField(
        label=gettext_lazy("Conflict of interest"), choices=[one for one in ConflictKind.choices if one[0] not in FROM_ACTS]
    )


def skill_name(code: str) -> Text:
    """The name of a skill, which the app of its service declares as `skill.<code>`; its code where it has none."""
    name: Text = CODE_LABELS.get(f"skill.{code}", code)
    return name


@require_http_methods(["GET", "HEAD", "POST"])
def own_absence(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The conflicts of interest of a member of staff, and the absences of who is assigned requests, reports or visits."""
    require_role(request, *staff.ROLES)
    user = request.user
    is_assigned = in_group(request, *ROLES)
    form, conflict, error, status = AbsenceForm(), ConflictForm(auto_id=CONFLICT_IDS), "", 200
    if request.method == "POST":
        act = request.POST.get("act")
        if act in ("absence", "cancel") and not is_assigned:
            raise PermissionDenied
        form = AbsenceForm(request.POST) if act == "absence" else form
        conflict = ConflictForm(request.POST, auto_id=CONFLICT_IDS) if act == "conflict" else conflict
        try:
            if _declare(request, conflict) if act == "conflict" else _change_absence(request, user, form, {user.pk}):
                return redirect("admin:desk_absence")
        except Refused as refusal:
            error, status = str(refusal.sentence), refusal.status
    absences = list(_upcoming_absences().filter(officer=user))
    may_cancel = staff.own_to_cancel(user, absences)
    context = {
        **admin.site.page_context(request),
        "title": _("My absences and conflicts of interest"),
        "form": form,
        "conflict": conflict,
        "error": error,
        "is_assigned": is_assigned,
        "absences": [(row, row.pk in may_cancel) for row in absences],
        "conflicts": _declared(user),
    }
    return TemplateResponse(request, "admin/review/own.html", context, status=status)


def _declared(user: User) -> list[tuple[ConflictOfInterest, Text]]:
    """The conflicts of interest of somebody; people by their key only, since a reviewer reads no name."""
    rows = ConflictOfInterest.objects.filter(officer=user, ended_at__isnull=True).order_by("-pk")[:MAX_CONFLICTS]
    names = names_of(row.party_key for row in rows if not row.party_key.startswith("person:"))
    return [(row, names.get(row.party_key) or code(row.party_key)) for row in rows]


def _declare(request: AuthenticatedHttpRequest, form: ConflictForm) -> bool:
    """Declare one's own conflict of interest with a shop. Returns False for an invalid form. Raises Refused."""
    if not form.is_valid():
        return False
    key = next((key for find in PARTY_NUMBERS.values() if (key := find(form.cleaned_data["number"]))), "")
    if not key:
        raise Refused("unknown_shop", _("No shop has a commercial licence with this number. Please check the number."))
    staff.declare_conflict(officer=request.user, party_key=key, kind=form.cleaned_data["kind"], declared_by=request.user)
    messages.success(request, _("The conflict of interest is declared. From now on nothing about this shop is assigned to you."))
    return True


def _upcoming_absences() -> QuerySet[Absence]:
    return Absence.objects.filter(last_day__gte=clock.today(), cancelled_at__isnull=True).order_by("first_day", "pk")


def _change_absence(request: AuthenticatedHttpRequest, officer: User | None, form: AbsenceForm, officer_ids: set[int]) -> bool:
    """Enter or cancel an absence. Returns False for an invalid form. Raises Refused."""
    if request.POST.get("act") == "cancel":
        absence = _upcoming_absences().filter(officer__in=officer_ids, pk=_number(request, "absence")).first()
        if absence is None:
            raise Refused("unknown_absence", _("There is no such absence any more."))
        staff.cancel_absence(absence=absence, cancelled_by=request.user)
        messages.success(request, _("The absence is cancelled."))
        return True
    if officer is None:
        raise Refused("unknown_officer", _("Choose an officer of the branch."))
    if not form.is_valid():
        return False
    staff.enter_absence(officer=officer, entered_by=request.user, **form.cleaned_data)
    text = _(
        "The absence is entered. From the first day on requests go back to the queue,"
        " and reports and visits of those days to other inspectors."
    )
    messages.success(request, text)
    return True


def _number(request: AuthenticatedHttpRequest, name: str) -> int:
    value = (request.POST if request.method == "POST" else request.GET).get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0


def officers_of(branch_id: str | None) -> QuerySet[User]:
    """Active officers, supervisors and inspectors of a branch, with their roles."""
    rows = User.objects.filter(is_staff=True, is_active=True, branch_id=branch_id, groups__name__in=ROLES)
    return rows.distinct().prefetch_related("groups").order_by("name_ar", "pk")


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("give", "end", field="act"))
def people(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The officers and inspectors of the supervisor's branch with their skills and upcoming absences, and actions on them."""
    require_role(request, "supervisor")
    user = request.user
    officers = list(officers_of(user.branch_id)) if user.branch_id else []
    form, error, status = AbsenceForm(), "", 200
    if request.method == "POST":
        chosen = next((o for o in officers if o.pk == _number(request, "officer")), None)
        form = AbsenceForm(request.POST) if request.POST.get("act") == "absence" else form
        try:
            if _PEOPLE_ACTIONS.get(request.POST.get("act", ""), _do_nothing)(request, chosen, form, {o.pk for o in officers}):
                return redirect("admin:desk_people")
        except Refused as refusal:
            error, status = str(refusal.sentence), refusal.status
    skills: dict[int, list[tuple[Skill, Any]]] = defaultdict(list)
    for skill in Skill.objects.filter(officer__in=officers, ended_at__isnull=True).order_by("code"):
        skills[skill.officer_id].append((skill, skill_name(skill.code)))
    absences: dict[int, list[tuple[Absence, bool]]] = defaultdict(list)
    upcoming = list(_upcoming_absences().filter(officer__in=officers))
    may_cancel = staff.own_to_cancel(user, [row for row in upcoming if row.officer_id == user.pk])
    for absence in upcoming:
        absences[absence.officer_id].append((absence, absence.officer_id != user.pk or absence.pk in may_cancel))
    context = {
        **admin.site.page_context(request),
        "title": _("People of the branch"),
        "form": form,
        "error": error,
        "chosen": _number(request, "officer"),
        # Nobody gives a field of work to themselves.
        "officers": [(o, skills[o.pk], absences[o.pk], _missing_skills(o, skills[o.pk]) if o != user else []) for o in officers],
    }
    return TemplateResponse(request, "admin/review/people.html", context, status=status)


def _missing_skills(officer: User, skills: list[tuple[Skill, Any]]) -> list[tuple[str, Any]]:
    """The skills that an officer could use and lacks."""
    codes = staff.usable_skills([role.name for role in officer.groups.all()]) - {skill.code for skill, _name in skills}
    return [(code, skill_name(code)) for code in sorted(codes)]


def _do_nothing(request: AuthenticatedHttpRequest, officer: User | None, form: AbsenceForm, officer_ids: set[int]) -> bool:
    return True


def _give(request: AuthenticatedHttpRequest, officer: User | None, form: AbsenceForm, officer_ids: set[int]) -> bool:
    if officer is None:
        raise Refused("unknown_officer", _("Choose an officer of the branch."))
    staff.give_skill(officer=officer, code=request.POST.get("skill", ""), given_by=request.user)
    messages.success(request, _("The field of work is given."))
    return True


def _end(request: AuthenticatedHttpRequest, officer: User | None, form: AbsenceForm, officer_ids: set[int]) -> bool:
    skill = (
        Skill.objects.filter(pk=_number(request, "skill"), officer__in=officer_ids, ended_at__isnull=True).select_related("officer").first()
    )
    if skill is None:
        raise Refused("unknown_skill", _("There is no such field of work any more."))
    staff.end_skill(skill=skill, ended_by=request.user)
    messages.success(request, _("The field of work is taken away; the officer's requests go back to their places in the queue."))
    return True


_PEOPLE_ACTIONS: dict[str, Callable[[AuthenticatedHttpRequest, User | None, AbsenceForm, set[int]], bool]] = {
    "absence": _change_absence,
    "cancel": _change_absence,
    "give": _give,
    "end": _end,
}


@require_http_methods(["GET", "HEAD", "POST"])
def conflicts(request: AuthenticatedHttpRequest) -> HttpResponse:
    """All conflicts of interest for auditors; for a supervisor those of the branch and of staff without one, which they may end."""
    user = request.user
    supervises = in_group(request, "supervisor") and bool(user.branch_id)
    if not supervises and not in_group(request, "auditor"):
        raise PermissionDenied
    rows = ConflictOfInterest.objects.select_related("officer", "declared_by", "ended_by").order_by("-pk")
    if supervises:
        rows = rows.filter(Q(officer__branch=user.branch_id) | Q(officer__branch=None))
    error, status = "", 200
    if request.method == "POST":
        if not supervises:
            raise PermissionDenied
        try:
            _end_conflict(request, rows)
            return redirect("admin:desk_conflicts")
        except Refused as refusal:
            error, status = str(refusal.sentence), refusal.status
    context = {
        **admin.site.page_context(request),
        "title": _("Declared conflicts of interest"),
        "conflicts": rows[:MAX_CONFLICTS],
        "supervises": supervises,
        "error": error,
        "me": user.pk,
    }
    return TemplateResponse(request, "admin/review/conflicts.html", context, status=status)


def _end_conflict(request: AuthenticatedHttpRequest, rows: QuerySet[ConflictOfInterest]) -> None:
    conflict = rows.filter(pk=_number(request, "conflict"), ended_at__isnull=True).first()
    if conflict is None:
        raise Refused("unknown_tie", _("This conflict of interest no longer exists."))
    staff.end_conflict(conflict=conflict, ended_by=request.user)
    messages.success(request, _("The end of the conflict of interest is recorded."))
