from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ZoningConfig(AppConfig):
    name = "zoning"
    label = "zoning"
    verbose_name = _("Zoning opinion")

    def ready(self) -> None:
        from municipality.cases import panels as case_panels
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.cases.timeline import ADDED_STEPS, TIMELINES
        from municipality.delegation.registry import SERVICES, DelegableService
        from municipality.documents.queries import DOCUMENT_KINDS
        from municipality.drafts.registry import DRAFT_KINDS
        from municipality.imports.registry import IMPORT_KINDS
        from municipality.incidents.registry import DEADLINES
        from municipality.incidents.requests import closed_by
        from municipality.kernel.open_data import OPEN_SETS
        from municipality.review.registry import ON_PLOT, REVIEWABLES, OnPlot
        from municipality.rulebook.registry import DRAFT_EFFECTS
        from municipality.uploads.registry import PREFIXES
        from payments.registry import OUTCOMES, PAYABLES, Payable
        from zoning import open_data
        from zoning.answer import effects
        from zoning.catalogue import ZONING
        from zoning.contests import guards as contest_guards  # noqa: F401
        from zoning.contests.files import CONTEST_FILES
        from zoning.contests.views import other_lists
        from zoning.extract import guards as extract_guards  # noqa: F401
        from zoning.extract.facts import ExtractFacts
        from zoning.imports import guards as import_guards  # noqa: F401
        from zoning.imports.kind import KIND
        from zoning.layers import guards as layer_guards  # noqa: F401
        from zoning.objections import guards as objection_guards  # noqa: F401
        from zoning.objections import notifications as objection_messages  # noqa: F401
        from zoning.objections import panels as objection_panels
        from zoning.objections import review as objection_review
        from zoning.objections import tasks as objection_tasks  # noqa: F401
        from zoning.objections import timeline as objection_timeline
        from zoning.objections.deadlines import TO_OBJECT
        from zoning.objections.documents import ObjectionDecisionFacts
        from zoning.objections.obligations import obligations
        from zoning.objections.queries import OBJECTION_DEADLINE
        from zoning.objections.states import OBJECTION
        from zoning.opinion import files, guards, notifications, panels, review, tasks, timeline  # noqa: F401
        from zoning.opinion.documents import OpinionFacts
        from zoning.opinion.queries import on_plot, place_of
        from zoning.opinion.services import issue
        from zoning.opinion.states import OPINION, OpinionState

        to_pay = closed_by("zoning.close_unpaid", _("To pay the request"), state=OpinionState.AWAITING_PAYMENT)
        DEADLINES.register("zoning.payment", to_pay)
        DEADLINES.register(OBJECTION_DEADLINE, TO_OBJECT)
        CATALOGUE.register("zoning", ZONING)
        DRAFT_EFFECTS.register("zoning", effects.of_draft)
        OPEN_SETS.register("plots", open_data.PLOTS)
        OPEN_SETS.register("land_use", open_data.LAND_USE)
        DOCUMENT_KINDS.register(ExtractFacts.kind, ExtractFacts)
        IMPORT_KINDS.register(KIND.name, KIND)
        SERVICES.register(OPINION, DelegableService(_("Zoning opinion"), is_assisted=False, waits_in_dispute=False, is_delegable=False))
        TIMELINES.register(OPINION, timeline.TIMELINE)
        ADDED_STEPS.register("zoning", timeline.added_steps)
        REVIEWABLES.register(OPINION, review.REVIEWED)
        ON_PLOT.register("plot_opinion", OnPlot(place_of, on_plot, _("same plot")))
        DRAFT_KINDS.register(OPINION, files.OPINION_DRAFT)
        PREFIXES.register("opinion", files.OPINION_FILES)
        PAYABLES.register(OPINION, Payable(paid=issue.paid, voided=issue.voided, freed=issue.freed, sends_text=True))
        OUTCOMES.register(OPINION, panels.paid_outcome)
        DOCUMENT_KINDS.register(OpinionFacts.kind, OpinionFacts)
        case_panels.CASE.register(OPINION, panels.case_page)
        name = _("Objection to an opinion")
        SERVICES.register(OBJECTION, DelegableService(name, is_assisted=False, waits_in_dispute=False, is_delegable=False))
        TIMELINES.register(OBJECTION, objection_timeline.TIMELINE)
        ADDED_STEPS.register("zoning_objections", objection_timeline.added_steps)
        REVIEWABLES.register(OBJECTION, objection_review.REVIEWED)
        DOCUMENT_KINDS.register(ObjectionDecisionFacts.kind, ObjectionDecisionFacts)
        OBLIGATIONS.register("zoning_objections", obligations)
        case_panels.CASE.register(OBJECTION, objection_panels.case_page)
        PREFIXES.register("layer_contest", CONTEST_FILES)
        case_panels.OTHER_LISTS.register("zoning", other_lists)
