"""The rulebook: a maker drafts an edition, a second person publishes it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from municipality.accounts.proof import reauthentication_required
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.rulebook import boards, calendars, differences, labels, land, queries, services  # noqa: F401  (labels of the subjects)
from municipality.rulebook.home import home
from municipality.rulebook.inlines import DAYS, GENERAL, INLINES, MAKER, OFFENCE, OFFENCES, PUBLISHER, long_text, may_edit
from municipality.rulebook.models import Activity, ActivityAuthority, RuleSet
from municipality.rulebook.registry import DRAFT_EFFECTS, DraftEffect
from municipality.ui import staff_menu
from municipality.ui.admin_base import CappedPaginator, PluralTitleMixin, ReadOnlyAdmin, ReadOnlyInline, in_group, require_role
from municipality.ui.code_labels import CODE_LABELS, label_codes, label_of_edition
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.templatetags.portal import bilingual, term

CARDS = 20  # rows of a table that stand as cards
label_codes(
    {
        "rulebook.drafted": _("Edition drafted"),
        "rulebook.published": _("Edition published"),
        "rulebook.sent_back": _("Draft of an edition sent back to its maker"),
        "rulebook.withdrawal_proposed": _("Withdrawal of an edition proposed"),
        "rulebook.withdrawal_dropped": _("Proposal to withdraw an edition dropped"),
        "rulebook.withdrawn": _("Edition withdrawn before its first day"),
    }
)


staff_menu.register(
    "rulebook",
    StaffEntry("rules", _("Editions of the rules"), "admin:rulebook_ruleset_changelist", permission="rulebook.view_ruleset"),
    StaffEntry("rules", _("Activities"), "admin:rulebook_activity_changelist", permission="rulebook.view_activity"),
)


class _EditionStandingFilter(admin.SimpleListFilter):
    """By default what is in force, will be, or waits for its publication; a search looks through all."""

    title = _("standing")  # type: ignore[assignment]
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("drafts", _("Drafts")), ("ended", _("Ended")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        choices = super().choices(changelist)
        looks_through_all = self.value() is None and bool(changelist.query)
        standing = next(choices)
        yield {**standing, "display": _("In force or waiting"), "selected": standing["selected"] and not looks_through_all}
        *others, every = choices
        yield from others
        yield {**every, "selected": every["selected"] or looks_through_all}

    def queryset(self, request: HttpRequest, rows: QuerySet[RuleSet]) -> QuerySet[RuleSet]:
        ended = Q(published_at__isnull=False, last_day__lt=clock.today()) | Q(withdrawn_on__isnull=False)
        if self.value() == "drafts":
            return rows.filter(published_at__isnull=True)
        if self.value() == "ended":
            return rows.filter(ended)
        return rows if self.value() == "all" or request.GET.get("q") else rows.exclude(ended)


@admin.register(RuleSet)
class RuleSetAdmin(PluralTitleMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    actions = None
    formfield_overrides = DAYS
    change_form_template = "admin/rulebook/ruleset/change_form.html"
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    list_display = ("edition", "instrument", "first_day", "last_day", "basis", "stage", "maker", "publisher")
    list_filter = (_EditionStandingFilter, "is_assumption")
    list_per_page = 25
    list_select_related = ("made_by", "published_by")
    ordering = ("subject", "-version")
    search_fields = ("subject", "instrument_ar", "instrument_en")
    inlines = GENERAL
    _written = ("subject", "instrument_ar", "instrument_en", "first_day", "is_assumption")
    _read_only = ("last_day", "maker", "made_at", "publisher", "published_at")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*self._written[1:], *self._read_only) if obj else self._written

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str] | tuple[str, ...]:
        return self._read_only if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """The inlines of a subject: calendars, catalogues of offences, land use and words for trades have their own."""
        if obj is not None and obj.subject in INLINES:
            return INLINES[obj.subject]
        return (OFFENCE,) if obj is not None and obj.subject.startswith(OFFENCES) else self.inlines

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The tables of the subject: for its maker short ones as cards and empty ones folded; for others without the empty ones."""
        tables = super().get_inline_instances(request, obj)
        if obj is None or obj.pk is None:
            return tables
        edits, shown = may_edit(request, obj), []
        for table in tables:
            count = table.model._default_manager.filter(ruleset=obj).count()
            table.classes = [] if count else ["collapse"]
            if edits and count <= CARDS:
                table.template = "admin/rulebook/ruleset/rows.html"
            if count or edits:
                shown.append(table)
        return shown

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_dbfield(db_field, request, **long_text(db_field, kwargs))

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:  # the location is of Django 6.1
        return {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return in_group(request, MAKER)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.version, obj.made_by = services.next_version(obj.subject), request.user
        obj.made_at = clock.now()  # by which `publish` sees that the draft is not the one that was read
        obj.sent_back_at, obj.sent_back_words = None, ""
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user: Any = request.user
        data = {"edition": str(form.instance), "new": not change}
        record("rulebook.drafted", subject=f"ruleset:{form.instance.pk}", actor=Actor(MAKER, user.key), data=data)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """One message in words, without the code of the edition."""
        self.message_user(request, _("The draft is saved and waits for the publisher. Until it is published you can change it."))
        return self.response_post_save_change(request, obj)

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<int:ruleset_id>/publish/",
                self.admin_site.admin_view(reauthentication_required(self.publish)),
                name="rulebook_ruleset_publish",
            ),
            path(
                "<int:ruleset_id>/withdraw/",
                self.admin_site.admin_view(reauthentication_required(self.withdraw)),
                name="rulebook_ruleset_withdraw",
            ),
            path("<int:ruleset_id>/next/", self.admin_site.admin_view(require_POST(self.draft_next)), name="rulebook_ruleset_next"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        ruleset: RuleSet | None = self.get_object(request, object_id)
        context: dict[str, Any] = dict(extra_context or {})
        if ruleset is not None:
            context["may_publish"] = ruleset.published_at is None and in_group(request, PUBLISHER)
            obstacle = _withdrawal_obstacle(ruleset)  # of one that is followed the page of the withdrawal says which one is withdrawn first
            is_to_come = context["is_to_come"] = obstacle is None or obstacle.code == "followed"
            decides = ruleset.withdrawal_at is not None and in_group(request, PUBLISHER)
            context["may_withdraw"] = is_to_come and (decides or in_group(request, MAKER))
            context["may_follow"] = ruleset.published_at is not None and in_group(request, MAKER)
            context["title"] = title_of(ruleset)
            context["subtitle"] = None
            context.update(_calendar_facts(ruleset), **_changes(ruleset), effects=_effects(ruleset))
        return super().change_view(request, object_id, form_url, context)

    def publish(self, request: HttpRequest, ruleset_id: int) -> HttpResponse:
        """Show the edition (GET), then publish it (POST)."""
        require_role(request, PUBLISHER)
        ruleset = get_object_or_404(RuleSet.objects.prefetch_related(*services.ROWS, "trades__activity"), pk=ruleset_id)
        page = reverse("admin:rulebook_ruleset_change", args=[ruleset.pk], current_app=self.admin_site.name)
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "ruleset": ruleset,
                "title": title_of(ruleset),
                "back": page,
                "has_passed": ruleset.published_at is None and ruleset.first_day < clock.today(),
            }
            # The other tables stand whole on the page of the edition; here only what changes in them.
            listed = {*services.LISTS, "board_limits"} - {"inspection_rules"}
            context["has_table"] = any(getattr(ruleset, rows).all() for rows in listed)
            context.update(_calendar_facts(ruleset), **_changes(ruleset), effects=_effects(ruleset))
            return TemplateResponse(request, "admin/rulebook/ruleset/publish.html", context)
        user: Any = request.user
        is_seen = request.POST.get("seen") == ruleset.made_at.isoformat()
        if request.POST.get("step") == "send_back":
            return self._send_back(request, ruleset, user, is_seen=is_seen)
        try:
            if not is_seen:
                raise services.changed()
            services.publish(ruleset=ruleset, publisher=user, actor=Actor(PUBLISHER, user.key))
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
        else:
            self.message_user(request, _("The edition is published. It can no longer be changed."))
        return HttpResponseRedirect(page)

    def _send_back(self, request: HttpRequest, ruleset: RuleSet, user: Any, *, is_seen: bool) -> HttpResponse:
        try:
            if not is_seen:
                raise services.changed()
            services.send_back(ruleset=ruleset, publisher=user, actor=Actor(PUBLISHER, user.key), words=request.POST.get("words", ""))
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
            return HttpResponseRedirect(request.path)
        self.message_user(request, _("The draft is back with its maker, with what you wrote."))
        return HttpResponseRedirect(reverse("admin:index", current_app=self.admin_site.name))

    def withdraw(self, request: HttpRequest, ruleset_id: int) -> HttpResponse:
        """Show what the withdrawal of an edition changes (GET); propose it, confirm it or drop the proposal (POST)."""
        if not in_group(request, MAKER):
            require_role(request, PUBLISHER)
        user: Any = request.user
        ruleset = get_object_or_404(RuleSet.objects.select_related("withdrawal_by"), pk=ruleset_id)
        page = reverse("admin:rulebook_ruleset_change", args=[ruleset.pk], current_app=self.admin_site.name)
        no_words = None
        try:
            services.check_droppable(ruleset)
            if request.method == "POST":
                self.message_user(request, self._decide_withdrawal(request, ruleset, user))
                return HttpResponseRedirect(page)
        except Refused as refusal:
            if refusal.code != "no_words":
                self.message_user(request, refusal.sentence, messages.ERROR)
                return HttpResponseRedirect(page)
            no_words = refusal.sentence
        before, obstacle = differences.previous(ruleset), _withdrawal_obstacle(ruleset)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "ruleset": ruleset,
            "title": title_of(ruleset),
            "back": page,
            "before": before,
            "obstacle": obstacle,
            "row_changes": differences.changes(ruleset, before),
            "is_maker": in_group(request, MAKER),
            "may_confirm": obstacle is None and in_group(request, PUBLISHER) and ruleset.withdrawal_by_id != user.pk,
            "may_drop": in_group(request, PUBLISHER) or ruleset.withdrawal_by_id == user.pk,
            "words": request.POST.get("words", ""),
            "words_error": no_words,
        }
        return TemplateResponse(request, "admin/rulebook/ruleset/withdraw.html", context, status=400 if no_words else 200)

    def _decide_withdrawal(self, request: HttpRequest, ruleset: RuleSet, user: Any) -> Any:
        """Do what was chosen and return what to say about it. Raises Refused as the services."""
        step = request.POST.get("step")
        if step not in ("confirm", "drop"):
            require_role(request, MAKER)
            words = request.POST.get("words", "")
            services.propose_withdrawal(ruleset=ruleset, proposer=user, actor=Actor(MAKER, user.key), words=words)
            return _("The withdrawal is proposed and waits for a second person. Until it is confirmed the edition stays published.")
        if ruleset.withdrawal_at is None or request.POST.get("seen") != ruleset.withdrawal_at.isoformat():
            raise services.proposal_changed()
        if step == "confirm":
            require_role(request, PUBLISHER)
            services.withdraw(ruleset=ruleset, publisher=user, actor=Actor(PUBLISHER, user.key))
            return _("The edition is withdrawn. It does not come into force.")
        if ruleset.withdrawal_by_id != user.pk:
            require_role(request, PUBLISHER)
        role = PUBLISHER if in_group(request, PUBLISHER) else MAKER
        services.drop_withdrawal(ruleset=ruleset, actor=Actor(role, user.key))
        return _("The proposal is dropped. The edition stays published.")

    def draft_next(self, request: HttpRequest, ruleset_id: int) -> HttpResponse:
        """Create a draft with the rows of this edition."""
        require_role(request, MAKER)
        user: Any = request.user
        ruleset = get_object_or_404(RuleSet, pk=ruleset_id)
        # A calendar holds at once whatever its day; of other rules a day that nobody looked at shall not be today.
        not_before = None if ruleset.subject == calendars.SUBJECT else clock.today() + dt.timedelta(days=1)
        draft = services.copy_as_draft(ruleset=ruleset, maker=user, actor=Actor(MAKER, user.key), not_before=not_before)
        self.message_user(request, _("A new draft with the same rows. Correct it; a second person publishes it."))
        return HttpResponseRedirect(reverse("admin:rulebook_ruleset_change", args=[draft.pk], current_app=self.admin_site.name))

    @admin.display(description=_("edition"), ordering="subject")
    def edition(self, ruleset: RuleSet) -> SafeString | str:
        return label_of_edition(str(ruleset))

    @admin.display(description=_("legal instrument"))
    def instrument(self, ruleset: RuleSet) -> Any:
        return term(bilingual(ruleset, "instrument"))

    @admin.display(description=_("prepared by"))
    def maker(self, ruleset: RuleSet) -> Any:
        return term(bilingual(ruleset.made_by, "name"))

    @admin.display(description=_("published by"))
    def publisher(self, ruleset: RuleSet) -> Any:
        return term(bilingual(ruleset.published_by, "name")) if ruleset.published_by is not None else "—"

    @admin.display(description=_("basis"))
    def basis(self, ruleset: RuleSet) -> Any:
        return _("assumption") if ruleset.is_assumption else _("confirmed")

    @admin.display(description=_("stage"))
    def stage(self, ruleset: RuleSet) -> Any:
        if ruleset.withdrawn_on is not None:
            return pgettext("edition", "withdrawn")
        return _("draft") if ruleset.published_at is None else _("published")


def title_of(ruleset: RuleSet) -> str:
    """What an edition is called: `Fees of zoning opinions, edition 2`."""
    subject = CODE_LABELS.get(ruleset.subject, ruleset.subject)
    return gettext("{subject}, edition {number}").format(subject=subject, number=ruleset.version)


def _withdrawal_obstacle(ruleset: RuleSet) -> Refused | None:
    try:
        services.check_withdrawable(ruleset)
    except Refused as refusal:
        return refusal
    return None


def _effects(ruleset: RuleSet) -> list[DraftEffect]:
    """What the publication of a draft would do to open requests; empty for a published edition."""
    if ruleset.published_at is not None:
        return []
    return [effect for effects in DRAFT_EFFECTS.values() for effect in effects(ruleset)]


def _changes(ruleset: RuleSet) -> dict[str, Any]:
    """What a draft changes in the edition before it. Empty for a published edition, and for a calendar, which says it in days."""
    if ruleset.published_at is not None or ruleset.subject == calendars.SUBJECT:
        return {}
    before = differences.previous(ruleset)
    return {"before": before, "row_changes": differences.changes(ruleset, before)}


def _calendar_facts(ruleset: RuleSet) -> dict[str, Any]:
    """The context of a calendar: its years, and what a draft changes in the published calendar. Empty for other subjects."""
    if ruleset.subject != calendars.SUBJECT:
        return {}
    try:
        facts: dict[str, Any] = {"is_calendar": True, "years": calendars.years(ruleset)}
        if ruleset.published_at is None:
            facts["changes"] = calendars.changes(queries.calendar(), calendars.read(ruleset))
    except ValueError:
        return {"is_calendar": True, "is_no_week": True}
    except Refused:  # none is published yet
        pass
    return facts


class AuthorityInline(ReadOnlyInline):
    model = ActivityAuthority
    fields = ("authority", "first_day", "last_day", "source", "is_assumption")


admin.site.add_pages([], home=home)  # type: ignore[attr-defined]


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ("code", "name_ar", "name_en")
    search_fields = ("code", "name_ar", "name_en")
    ordering = ("code",)
    inlines = (AuthorityInline,)
