"""Violations in the admin, read-only; opening one is written to the access log."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import log_access
from municipality.kernel import clock, digits
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.kernel.workflow import WORKFLOWS
from municipality.rulebook import queries as rulebook
from municipality.rulebook.labels import label_of_reason
from municipality.ui.admin_base import ReadOnlyAdmin, ReadOnlyInline, code, column, in_group, moment
from municipality.ui.code_labels import label_of_edition, moved
from municipality.ui.staff_names import name_of_actor
from municipality.ui.templatetags.portal import bilingual
from violations import queries, reach
from violations.models import JudicialWarrant, ReferralBatch, Team, Violation, ViolationEvent
from violations.states import ViolationState


def _holds(request: HttpRequest) -> reach.Holds:
    return partial(in_group, request)


def role_of(request: HttpRequest) -> str:
    """The role by which a member of staff sees violations; empty for none."""
    return reach.role_of(_holds(request))


def branch_of(request: HttpRequest) -> str | None:
    """The branch whose violations a member of staff sees: None for all, "-" for none."""
    return reach.branch_of(_holds(request), getattr(request.user, "branch_id", None))


def of_unit(request: HttpRequest, rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Violations that a member of staff oversees: all, those of their branch, or none."""
    branch = branch_of(request)
    return rows if branch is None else rows.filter(branch=branch)


def within_reach(request: HttpRequest, rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Violations that a member of staff may open (`reach.within_reach`)."""
    user: Any = request.user
    return reach.within_reach(user, _holds(request), rows)


class EventInline(ReadOnlyInline):
    model = ViolationEvent
    fk_name = "subject"
    ordering = ("pk",)
    fields = ("when", "step", "actor", "reason_code")
    when = column(_("time"), moment, "at")
    reason_code = column(_("reason"), label_of_reason, "reason")

    @admin.display(description=_("step"))
    def step(self, event: ViolationEvent) -> SafeString | str:
        labels = dict(ViolationState.choices)
        if event.from_state == event.to_state:
            return format_html("{}", WORKFLOWS[event.workflow].moves[event.move].label)
        return moved(labels.get(event.from_state, event.from_state), labels.get(event.to_state, event.to_state))

    @admin.display(description=_("who"))
    def actor(self, event: ViolationEvent) -> SafeString | str:
        return name_of_actor(event.actor_role, event.actor_key)


class OffenceFilter(admin.SimpleListFilter):
    """By offence, with the names of the catalogue in force."""

    title = _("violation")
    parameter_name = "offence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        try:
            offences = rulebook.edition(queries.OFFENCES, clock.today()).offences
        except Refused:  # no edition is in force
            return []
        return [(code, f"{code} {bilingual(offence, 'name')}") for code, offence in offences.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(offence=self.value()) if self.value() else queryset


@admin.register(Violation)
class ViolationAdmin(ReadOnlyAdmin):
    change_form_template = "admin/violations/violation/change_form.html"
    list_display = ("reference_code", "offence_name", "branch", "state", "seen_at", "settle_until", "amount")
    list_filter = ("state", "branch", OffenceFilter)
    list_select_related = ("branch",)
    ordering = ("-pk",)
    search_fields = ("number",)
    search_help_text = _("A whole number of a violation report or warning, or of a paper")
    inlines = (EventInline,)
    fields = (
        *("reference_code", "offence_name", "state", "branch", "badge", "seen_at", "received_at", "measure", "amount"),
        *("place", "shop_name", "person", "note_ar", "signed", "correct_until", "settle_until", "object_until", "block_from", "rules"),
    )
    reference_code = column(_("number"), code, "reference", ordering="number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return within_reach(request, super().get_queryset(request).prefetch_related("orders"))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        term = digits.clean(search_term).upper()
        if not term:
            return queryset, False
        if term.startswith(("WRN-", "VIO-", "PPR-")):
            return queryset.filter(**{"warning_number" if term.startswith("WRN-") else "number": term}), False
        return queryset.filter(paper__paper_no=term.replace("/", "-")), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row: Any = self.get_object(request, object_id)
        if row is not None and self.has_view_permission(request, row):
            user: Any = request.user
            for person in queries.people_of(row):
                log_access(viewer=Actor(role_of(request), user.key), person_key=person.key, subject=row.key, purpose="violation")
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "row": row})

    @admin.display(description=_("violation"), ordering="offence")
    def offence_name(self, row: Violation) -> str:
        return str(bilingual(row.offence_facts, "name"))

    @admin.display(description=_("badge"))
    def badge(self, row: Violation) -> SafeString | str:
        return code(row.inspector.badge_no) if row.inspector is not None else str(_("carried over from paper"))

    @admin.display(description=_("measure"))
    def measure(self, row: Violation) -> SafeString | str:
        return code(f"{row.quantity_hundredths / 100:.2f}" + (f" × {row.months}" if row.months else ""))

    @admin.display(description=_("settlement"))
    def amount(self, row: Violation) -> SafeString | str:
        orders = sorted(row.orders.all(), key=lambda order: order.version)
        return code(orders[-1].amount_display if orders else "")

    @admin.display(description=_("place"))
    def place(self, row: Violation) -> str:
        return gettext(", ").join(str(part) for part in (bilingual(row.area, "name"), row.block, row.street, row.place_note) if part)

    @admin.display(description=_("shop"))
    def shop_name(self, row: Violation) -> str:
        return str(bilingual(row.shop, "name")) if row.shop is not None else "—"

    @admin.display(description=_("party"))
    def person(self, row: Violation) -> str:
        return str(row.party or row.party_name_ar or "—")

    @admin.display(description=_("editions of the rules"))
    def rules(self, row: Violation) -> SafeString | str:
        return format_html_join(" · ", "{}", ([label_of_edition(stamp)] for stamp in (row.edition, row.limits_edition) if stamp))


@admin.register(ReferralBatch)
class ReferralBatchAdmin(ReadOnlyAdmin):
    list_display = ("number_code", "made_at", "size")
    ordering = ("-pk",)
    fields = ("number_code", "made_at", "made_by", "size")
    number_code = column(_("number"), code, "number", ordering="number")

    @admin.display(description=_("violation reports"))
    def size(self, batch: ReferralBatch) -> int:
        return batch.referrals.count()


@admin.register(JudicialWarrant)
class InspectorAdmin(ReadOnlyAdmin):
    list_display = ("badge_no", "user", "team", "decision_no", "first_day", "last_day")
    list_filter = ("team",)
    list_select_related = ("user", "team")
    ordering = ("badge_no",)
    fields = ("badge_no", "user", "team", "decision_no", "decision_on", "names", "first_day", "last_day")

    @admin.display(description=_("offences of the decision"))
    def names(self, warrant: JudicialWarrant) -> SafeString | str:
        return code(", ".join(warrant.scope))


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "branch", "is_womens")
    list_select_related = ("branch",)
    ordering = ("code",)
    fields = ("code", "branch", "name_ar", "english", "is_womens")
    english = column(_("name in English"), code, "name_en")

    @admin.display(description=_("name"), ordering="name_ar")
    def name(self, team: Team) -> SafeString | str:
        return bilingual(team, "name")
