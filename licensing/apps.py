from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LicensingConfig(AppConfig):
    name = "licensing"
    label = "licensing"
    verbose_name = _("Licences")

    def ready(self) -> None:
        from licensing import actors, deadlines, former_holders, numbers, shop_merges  # noqa: F401
        from licensing.bulk import guards as bulk_guards  # noqa: F401
        from licensing.bulk import notifications as bulk_messages  # noqa: F401
        from licensing.bulk import tasks as bulk_tasks  # noqa: F401
        from licensing.health import (  # noqa: F401
            catalogue,
            draft_pages,
            files,
            guards,
            in_force,
            notifications,
            obligations,
            origins,
            outcomes,
            queries,
            review,
            shop_lines,
            shop_page,
            tasks,
            timeline,
        )
        from licensing.health import panels as health
        from licensing.health.appealed import ACT, TRANSFERRED
        from licensing.health.appeals import guards as appeal_guards  # noqa: F401
        from licensing.health.appeals import notifications as appeal_messages  # noqa: F401
        from licensing.health.appeals import obligations as appeal_obligations
        from licensing.health.appeals import panels as appeal_panels
        from licensing.health.appeals import review as appeal_review
        from licensing.health.appeals import tasks as appeal_tasks  # noqa: F401
        from licensing.health.appeals import timeline as appeal_timeline
        from licensing.health.appeals.documents import AppealDecisionFacts
        from licensing.health.appeals.registry import APPEALABLES
        from licensing.health.appeals.states import APPEAL
        from licensing.health.documents import HealthLicenceFacts, RenewalRefusalFacts
        from licensing.health.new_licence import files as new_files
        from licensing.health.new_licence import guards as new_guards  # noqa: F401
        from licensing.health.new_licence import notifications as new_messages  # noqa: F401
        from licensing.health.new_licence import obligations as new_obligations
        from licensing.health.new_licence import panels as new_panels
        from licensing.health.new_licence import queries as new_queries
        from licensing.health.new_licence import review as new_review
        from licensing.health.new_licence import tasks as new_tasks  # noqa: F401
        from licensing.health.new_licence import timeline as new_timeline
        from licensing.health.new_licence.appealed import NEW
        from licensing.health.new_licence.catalogue import NEW_HEALTH
        from licensing.health.new_licence.documents import LocationApprovalFacts, NewLicenceRefusalFacts
        from licensing.health.new_licence.services import issue as new_licences
        from licensing.health.new_licence.states import NEW_LICENCE
        from licensing.health.states import ACTS, CANCEL, CHANGE, DUPLICATE, RENEWAL, TRANSFER
        from licensing.health.transfers import guards as transfer_guards  # noqa: F401
        from licensing.health.transfers import notifications as transfer_messages  # noqa: F401
        from licensing.health.transfers import obligations as transfer_obligations
        from licensing.health.transfers import panels as transfer_panels
        from licensing.health.transfers import tasks as transfer_tasks  # noqa: F401
        from licensing.inspections import guards as inspection_guards  # noqa: F401
        from licensing.inspections import notifications as inspection_messages  # noqa: F401
        from licensing.inspections import obligations as inspection_obligations
        from licensing.inspections import queries as inspections
        from licensing.inspections import shop_page as inspection_results
        from licensing.inspections import tasks as inspection_tasks  # noqa: F401
        from licensing.inspections.files import SELF_CHECK_PHOTOS, VISIT_PHOTOS
        from licensing.inspections.registry import INSPECTED
        from licensing.inspections.states import INSPECTION
        from licensing.measures import guards as measure_guards  # noqa: F401
        from licensing.measures import notifications as measure_messages  # noqa: F401
        from licensing.measures import panels as measures
        from licensing.measures import tasks as measure_tasks  # noqa: F401
        from licensing.measures.effects import MEASURE
        from licensing.signage import files as board_files
        from licensing.signage import guards as board_guards  # noqa: F401
        from licensing.signage import notifications as board_messages  # noqa: F401
        from licensing.signage import panels as boards
        from licensing.signage import queries as board_queries
        from licensing.signage import review as board_review
        from licensing.signage import tasks as board_tasks  # noqa: F401
        from licensing.signage import timeline as board_timeline
        from licensing.signage.appealed import BOARDS_APPEALABLE
        from licensing.signage.catalogue import SIGNAGE
        from licensing.signage.changes import guards as board_change_guards  # noqa: F401
        from licensing.signage.consents import guards as consent_guards  # noqa: F401
        from licensing.signage.documents import BoardLicenceFacts
        from licensing.signage.life import guards as life_guards  # noqa: F401
        from licensing.signage.life import obligations as photo_obligations
        from licensing.signage.life import shop_licence as boards_of_shops  # noqa: F401
        from licensing.signage.life.files import BOARD_PHOTOS
        from licensing.signage.life.grounds import grounds
        from licensing.signage.open_data import BOARDS_SET
        from licensing.signage.renewals import obligations as board_obligations
        from licensing.signage.services import issue as board_licences
        from licensing.signage.states import BOARDS
        from licensing.workers import notifications as worker_messages  # noqa: F401
        from licensing.workers import panels as workers
        from licensing.workers import tasks as worker_tasks  # noqa: F401
        from licensing.workers.queries import WORKERS
        from municipality.cases import panels
        from municipality.cases.block_causes import BLOCK_CAUSES
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.home_forms import NUMBER_KINDS, PUBLIC_NUMBERS
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.cases.timeline import ADDED_STEPS, MUST_ACT, TIMELINES
        from municipality.delegation.registry import OWNERSHIPS, SERVICES, DelegableService
        from municipality.documents.queries import DOCUMENT_KINDS, NUMBER_PAGES, OPENED_TO
        from municipality.drafts.registry import DRAFT_KINDS
        from municipality.incidents.registry import DEADLINES
        from municipality.kernel.open_data import OPEN_SETS
        from municipality.review.registry import ON_PLOT, REVIEWABLES, OnPlot
        from municipality.uploads.registry import PREFIXES
        from payments.registry import BILLED, GROUNDS, ORIGINS, OUTCOMES, PARTS, PAYABLES, Payable
        from shops.registry import LICENCES, OPEN_MATTERS

        for name, kind in deadlines.KINDS.items():
            DEADLINES.register(name, kind)
        CATALOGUE.register("health", catalogue.HEALTH)
        CATALOGUE.register("signage", SIGNAGE)
        SERVICES.register(RENEWAL, DelegableService(_("Renewal of a health licence"), page="licensing:renew"))
        # A disputed shop is blocked for renewals, and what stops these stops every act on the licence.
        SERVICES.register(
            CHANGE, DelegableService(_("Change of a health licence"), waits_in_dispute=False, page="licensing:change_licence")
        )
        SERVICES.register(
            DUPLICATE, DelegableService(_("Duplicate of a health licence"), waits_in_dispute=False, page="licensing:duplicate")
        )
        SERVICES.register(CANCEL, DelegableService(_("Cancellation of a health licence"), is_assisted=False, waits_in_dispute=False))
        SERVICES.register(WORKERS, DelegableService(_("Health certificates of workers"), waits_in_dispute=False, page="licensing:workers"))
        SERVICES.register(TRANSFER, DelegableService(_("Transfer of a health licence"), is_assisted=False, waits_in_dispute=False))
        TIMELINES.register(RENEWAL, timeline.TIMELINE)
        TIMELINES.register(CHANGE, timeline.CHANGE_TIMELINE)
        TIMELINES.register(DUPLICATE, timeline.DUPLICATE_TIMELINE)
        TIMELINES.register(TRANSFER, timeline.TRANSFER_TIMELINE)
        REVIEWABLES.register(RENEWAL, review.REVIEWED)
        REVIEWABLES.register(CHANGE, review.CHANGE_REVIEWED)
        REVIEWABLES.register(TRANSFER, review.TRANSFER_REVIEWED)
        OBLIGATIONS.register("transfers", transfer_obligations.obligations)
        panels.OTHER_LISTS.register("transfers", transfer_panels.other_lists)
        DRAFT_KINDS.register(RENEWAL, draft_pages.RENEWAL_DRAFT)
        DRAFT_KINDS.register(CHANGE, draft_pages.CHANGE_DRAFT)
        PREFIXES.register("draft", files.DRAFT_FILES)
        PREFIXES.register("case", files.CASE_FILES)
        for act in ACTS:
            APPEALABLES.register(act, TRANSFERRED if act == TRANSFER else ACT)
            BILLED.register(act, origins.billed)
            OUTCOMES.register(act, outcomes.outcome)
            PAYABLES.register(act, Payable(paid=health.paid, voided=health.voided, freed=health.freed, sends_text=True))
        panels.CASE.register(RENEWAL, health.case_page)
        ORIGINS.register(origins.LICENCE_PAGE, origins.licence_page)
        ORIGINS.register(origins.RENEWAL_PAGE, origins.renewal_page)
        DOCUMENT_KINDS.register(HealthLicenceFacts.kind, HealthLicenceFacts)
        DOCUMENT_KINDS.register(RenewalRefusalFacts.kind, RenewalRefusalFacts)
        OPENED_TO.register("licensing", queries.documents_opened_to)
        LICENCES.register("licensing", in_force.licence_facts)
        OPEN_MATTERS.register("licensing", shop_merges.open_of)
        SERVICES.register(
            APPEAL,
            DelegableService(_("Appeal against a refused request for a licence"), is_assisted=False, waits_in_dispute=False),
        )
        TIMELINES.register(APPEAL, appeal_timeline.TIMELINE)
        ADDED_STEPS.register("licensing", appeal_timeline.added_steps)
        REVIEWABLES.register(APPEAL, appeal_review.REVIEWED)
        DOCUMENT_KINDS.register(AppealDecisionFacts.kind, AppealDecisionFacts)
        OBLIGATIONS.register("appeals", appeal_obligations.obligations)
        panels.CASE.register(APPEAL, appeal_panels.case_page)
        OBLIGATIONS.register("health", obligations.obligations)
        panels.MY_SHOPS.register("health", shop_lines.my_shops)
        panels.SHOP_PAGE.register("licence", shop_page.licences)
        panels.OPENING.register("health", new_panels.opening_steps)
        CATALOGUE.register("new_health", NEW_HEALTH)
        INSPECTED.register(NEW_LICENCE, new_licences.inspected)
        SERVICES.register(NEW_LICENCE, DelegableService(_("New health licence"), is_assisted=False, waits_in_dispute=False))
        TIMELINES.register(NEW_LICENCE, new_timeline.TIMELINE)
        REVIEWABLES.register(NEW_LICENCE, new_review.REVIEWED)
        ON_PLOT.register("new_shop", OnPlot(new_queries.place_of, new_queries.on_plot, _("same plot")))
        APPEALABLES.register(NEW_LICENCE, NEW)
        DRAFT_KINDS.register(NEW_LICENCE, new_files.DRAFT)
        PREFIXES.register("new_licence", new_files.FILES)
        BILLED.register(NEW_LICENCE, new_panels.billed)
        OUTCOMES.register(NEW_LICENCE, new_panels.outcome)
        PAYABLES.register(NEW_LICENCE, Payable(paid=new_licences.paid, voided=new_licences.voided, freed=new_licences.freed))
        DOCUMENT_KINDS.register(LocationApprovalFacts.kind, LocationApprovalFacts)
        DOCUMENT_KINDS.register(NewLicenceRefusalFacts.kind, NewLicenceRefusalFacts)
        OPENED_TO.register("new_licences", new_queries.documents_opened_to)
        OBLIGATIONS.register("new_licences", new_obligations.obligations)
        panels.CASE.register(NEW_LICENCE, new_panels.case_page)
        SERVICES.register(BOARDS, DelegableService(_("Licence for boards"), is_assisted=False))
        TIMELINES.register(BOARDS, board_timeline.TIMELINE)
        REVIEWABLES.register(BOARDS, board_review.REVIEWED)
        APPEALABLES.register(BOARDS, BOARDS_APPEALABLE)
        DRAFT_KINDS.register(BOARDS, board_files.BOARDS_DRAFT)
        PREFIXES.register("boards", board_files.BOARDS_FILES)
        PREFIXES.register("board", BOARD_PHOTOS)
        BILLED.register(BOARDS, boards.billed)
        OUTCOMES.register(BOARDS, boards.outcome)
        PARTS.register(BOARDS, boards.parts)
        GROUNDS.register(BOARDS, grounds)
        PAYABLES.register(BOARDS, Payable(paid=board_licences.paid, voided=board_licences.voided, freed=board_licences.freed))
        DOCUMENT_KINDS.register(BoardLicenceFacts.kind, BoardLicenceFacts)
        OPEN_SETS.register("boards", BOARDS_SET)
        OPENED_TO.register("boards", board_queries.documents_opened_to)
        OBLIGATIONS.register("boards", board_obligations.obligations)
        OBLIGATIONS.register("board_photos", photo_obligations.obligations)
        panels.CASE.register(BOARDS, boards.case_page)
        panels.MY_SHOPS.register("boards", boards.my_shops)
        panels.MY_SHOPS.register("board_photos", photo_obligations.my_shops)
        panels.SHOP_PAGE.register("boards", boards.shop_page)
        PUBLIC_NUMBERS.register("boards", numbers.board_page)
        NUMBER_PAGES.register("boards", numbers.board_page)
        NUMBER_KINDS.register("HLT", numbers.HEALTH)
        NUMBER_KINDS.register("ADL", numbers.BOARDS)
        NUMBER_KINDS.register("INS", numbers.INSPECTIONS)
        for service in (*ACTS, NEW_LICENCE, BOARDS):
            MUST_ACT.register(service, actors.must_act)
        OBLIGATIONS.register("workers", workers.obligations)
        panels.MY_SHOPS.register("workers", workers.my_shops)
        panels.MANY_SHOPS.register("renewals", (_("Renew several licences in one act"), "licensing:renewals"))
        SERVICES.register(INSPECTION, DelegableService(_("Inspections of the shop"), is_assisted=False, waits_in_dispute=False))
        OWNERSHIPS.register("licensing.Inspection", inspections.ownership)
        PREFIXES.register("inspection", SELF_CHECK_PHOTOS)
        PREFIXES.register("visited", VISIT_PHOTOS)
        OBLIGATIONS.register("inspections", inspection_obligations.obligations)
        panels.SHOP_PAGE.register("inspections", inspection_results.block)
        panels.MY_SHOPS.register("inspections", inspection_obligations.my_shops)
        BLOCK_CAUSES.register(MEASURE, measures.causes)
