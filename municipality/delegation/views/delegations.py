"""Pages of delegations: list, give, accept, end; and of organisations with their clerks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts.access import access
from municipality.accounts.models import Organisation, User
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.queries import organisations_signed_by, signatories_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.delegation import queries, registry
from municipality.delegation.forms import GiveForm
from municipality.delegation.models import Consent, Delegation, Role
from municipality.delegation.services import consents, delegations
from municipality.delegation.states import DelegationState
from municipality.kernel import clock, subjects
from municipality.kernel.errors import Refused
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text

S = DelegationState
TAGS = {S.OFFERED: "warn", S.ACTIVE: "ok"}
MAX_ROWS = 100  # of each list
MOVES: dict[str, tuple[Any, Any]] = {
    "accept": (
        gettext_lazy("Accept the delegation"),
        gettext_lazy("This person's shop is now in your list, and each step you take is recorded as taken for them."),
    ),
    "decline": (gettext_lazy("Decline the delegation"), gettext_lazy("The giver is told. Nothing else happens.")),
    "revoke": (
        gettext_lazy("Revoke the delegation"),
        gettext_lazy("It ends at once. A form that the delegate has open is refused when they send it."),
    ),
    "renounce": (gettext_lazy("Stop acting for this person"), gettext_lazy("It ends at once. The giver is told.")),
}


class SubjectFacts(NamedTuple):
    """What lists need to know of the subjects of their rows: their names, and who (primary key) holds them."""

    names: dict[str, tuple[str, str]]
    held: Collection[tuple[int, str]]


def _facts(rows: Iterable[Delegation]) -> SubjectFacts:
    """As many queries for many rows as for one."""
    found = list(rows)
    names = registry.names_of(list({row.subject for row in found}))
    return SubjectFacts(names, registry.holdings_of({(row.giver_id, row.subject) for row in found if row.is_in_force}))


class DelegationLine:
    """One delegation as a list shows it to one of its parties."""

    def __init__(self, row: Delegation, user: User, facts: SubjectFacts) -> None:
        ar, en = facts.names.get(row.subject, ("", ""))
        self.row, self.about = row, {"name_ar": ar, "name_en": en}
        self.service = delegations.service_name(row)
        self.state = row.state_today
        self.is_idle = self.state == S.ACTIVE and (row.giver_id, row.subject) not in facts.held
        self.tag = "wait" if self.is_idle else TAGS.get(self.state, "wait")
        self.label: Text = _("Gives no right now: its giver does not hold this any more") if self.is_idle else self.state.label
        self.is_mine = row.giver_id == user.pk
        self.is_delegate = row.delegate_id == user.pk

    @property
    def page_url(self) -> str:
        """The page on which the delegate acts, while they may: that of the service for the shop, or My shops."""
        if not self.is_delegate or self.state != S.ACTIVE or self.is_idle or not self.row.is_in_force:
            return ""
        service, subject = registry.SERVICES.get(self.row.service), subjects.parse(self.row.subject)
        if service is None or not service.page or subject.kind != "shop":
            return reverse("shops:mine")
        return reverse(service.page, args=[subject.id])

    @property
    def moves(self) -> list[tuple[str, Any]]:
        """The moves that the reader may make now, with their labels."""
        if self.state not in (S.OFFERED, S.ACTIVE):
            return []
        if self.is_delegate:
            return [("renounce", _("Stop acting"))]
        if self.row.delegate_id is None and not self.can_end:
            return [("accept", _("Accept")), ("decline", _("Decline"))]
        return [("revoke", _("Revoke") if self.state == S.ACTIVE else _("Take back"))]

    can_end = False


def _lines(rows: QuerySet[Delegation], user: User) -> list[DelegationLine]:
    """Delegations that a person may end."""
    found = list(rows[:MAX_ROWS])
    return _shown(found, user, _facts(found), can_end=True)


def _shown(rows: list[Delegation], user: User, facts: SubjectFacts, *, can_end: bool = False) -> list[DelegationLine]:
    lines = [DelegationLine(row, user, facts) for row in rows]
    for line in lines:
        line.can_end = can_end
    return lines


@access("person")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The person's delegations, given and held, offers to answer, and consents to staff."""
    user = request.user
    offers, given, held = (list(rows[:MAX_ROWS]) for rows in (queries.offered_to(user), queries.given_by(user), queries.held_by(user)))
    facts = _facts([*offers, *given, *held])
    context = {
        "offers": _shown(offers, user, facts),
        "given": _shown(given, user, facts, can_end=True),
        "held": _shown(held, user, facts),
        "consents": Consent.objects.filter(person=user, opened_at__isnull=False).select_related("branch").order_by("-pk")[:20],
        "services": registry.SERVICES,
        "organisations": organisations_signed_by(user).order_by("pk")[:20],
    }
    return render(request, "delegation/mine.html", context)


def _subjects(user: User) -> list[tuple[str, Any]]:
    """The choices of subjects that a person holds: whole organisations first, then each shop, by name."""
    label = _("All shops of {organisation}")
    choices: list[tuple[str, Any]] = [
        (f"organisation:{organisation.public_id}", label.format(organisation=bilingual(organisation, "name")))
        for organisation in organisations_signed_by(user).order_by("pk")[:20]
    ]
    for holdings in registry.HOLDINGS.values():
        named = [(key, bilingual({"name_ar": ar, "name_en": en}, "name")) for key, (ar, en) in holdings(user).items()]
        choices += sorted(named, key=lambda choice: (choice[1].casefold(), choice[0]))
    return choices


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def give(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Offer a delegation. The response does not reveal whether the person has an account."""
    return _give(
        request, subjects=_subjects(request.user), initial={"subject": request.GET.get("for", "")}, back=reverse("delegation:mine")
    )


def _give(
    request: AuthenticatedHttpRequest, *, subjects: list[tuple[str, Any]], initial: dict[str, Any], back: str, role: str = Role.DELEGATE
) -> HttpResponse:
    user = request.user
    today = clock.today()
    kwargs: dict[str, Any] = {"subjects": subjects, "max_last_day": delegations.max_last_day(today), "today": today}
    form, submitted = read_form(request, GiveForm, initial=initial, clerk=role == Role.CLERK, **kwargs)
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        data = form.cleaned_data
        try:
            row = delegations.give(
                giver=user,
                number=data["civil_id"],
                subject=data["subject"],
                service=data.get("service", ""),
                last_day=data["last_day"],
                role=role,
            )
        except Refused as refusal:
            form.add_error("civil_id" if refusal.code in ("own_number", "signs_already", "offered_already") else None, refusal.sentence)
            status = refusal.status
        else:
            messages.info(
                request,
                _("The offer is made. If this person uses the portal, they find it on their page; it takes effect once they accept."),
            )
            return redirect("delegation:one", public_id=row.public_id)
    context = {
        "form": form,
        "clerk": role == Role.CLERK,
        "back": back,
        "nothing": not subjects,
        "crumbs": _crumbs(_("Let somebody act for me")),
    }
    return render(request, "delegation/give.html", context, status=status)


def _crumbs(last: Text) -> list[tuple[Text, str]]:
    return [(_("Delegations"), reverse("delegation:mine")), (last, "")]


def _delegation(user: User, public_id: str) -> tuple[Delegation, DelegationLine]:
    """A delegation of which the user is a party, or was by an offer that is over. Raises Http404 for any other."""
    given = queries.given_by(user).filter(public_id=public_id).first()
    row = given or queries.held_by(user).filter(public_id=public_id).first() or queries.named_in(user).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row, _shown([row], user, _facts([row]), can_end=given is not None)[0]


@access("person")
@require_safe
def one(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One delegation with its events, for either party."""
    row, line = _delegation(request.user, public_id)
    events = list(row.events.order_by("pk"))
    context = {"line": line, "events": [(S(event.to_state).label, event.at) for event in events], "crumbs": _crumbs(_("Delegation"))}
    return render(request, "delegation/one.html", context)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: AuthenticatedHttpRequest, public_id: str, move: str) -> HttpResponse:
    """Confirm (GET), then accept, decline, revoke or give up (POST). Raises Http404 for an unknown move."""
    user = request.user
    row, line = _delegation(user, public_id)
    if move not in MOVES:
        raise Http404
    if move not in {name for name, _label in line.moves}:
        return redirect("delegation:one", public_id=row.public_id)
    if request.method == "POST":
        if move == "accept":
            delegations.accept(delegation=row, person=user)
            messages.info(request, _("The delegation is in force. What it is about stands in My shops."))
        elif move == "decline":
            delegations.decline(delegation=row, person=user)
            messages.info(request, _("The delegation is declined."))
            return redirect("delegation:mine")
        else:
            delegations.end(delegation=row, person=user)
            messages.info(request, _("The delegation has ended, at once."))
        return redirect("delegation:one", public_id=row.public_id)
    title, text = MOVES[move]
    context = {"line": line, "move": move, "title": title, "text": text, "crumbs": _crumbs(title)}
    return render(request, "delegation/act.html", context)


@access("person")
@require_POST
def withdraw_consent(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """End the consent by which staff act now."""
    consent = get_object_or_404(Consent, public_id=public_id, person=request.user)
    consents.withdraw(consent=consent, person=request.user)
    messages.info(request, _("The consent is taken back. The employee can do nothing more for you."))
    return redirect("delegation:mine")


def _organisation(user: User, public_id: str) -> Organisation:
    organisation: Organisation = get_object_or_404(organisations_signed_by(user), public_id=public_id)
    return organisation


@access("person")
@require_safe
def organisation(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """An organisation, for those who sign for it: signatories, clerks and delegates."""
    user = request.user
    row = _organisation(user, public_id)
    rows = queries.given_by(user).filter(organisation=row)
    context = {
        "organisation": row,
        "signatories": signatories_of(row),
        "clerks": _lines(rows.filter(role=Role.CLERK), user),
        "delegates": _lines(rows.filter(role=Role.DELEGATE), user),
        "key": f"organisation:{row.public_id}",
        "crumbs": _crumbs(bilingual(row, "name")),
    }
    return render(request, "delegation/organisation.html", context)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def add_clerk(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Offer the delegation of a clerk, who acts for the organisation in every service until a day."""
    organisation = _organisation(request.user, public_id)
    key = f"organisation:{organisation.public_id}"
    back = reverse("delegation:organisation", args=[organisation.public_id])
    return _give(request, subjects=[(key, bilingual(organisation, "name"))], initial={"subject": key}, back=back, role=Role.CLERK)
