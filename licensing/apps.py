from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LicensingConfig(AppConfig):
    name = "licensing"
    label = "licensing"
    verbose_name = _("Licences")

    def ready(self) -> None:
        from licensing.health import (  # noqa: F401
            catalogue,
            draft_pages,
            files,
            guards,
            notifications,
            obligations,
            origins,
            outcomes,
            queries,
            review,
            shop_page,
            tasks,
            timeline,
        )
        from licensing.health import panels as health
        from licensing.health.appeals import guards as appeal_guards  # noqa: F401
        from licensing.health.appeals import notifications as appeal_messages  # noqa: F401
        from licensing.health.appeals import obligations as appeal_obligations
        from licensing.health.appeals import panels as appeal_panels
        from licensing.health.appeals import review as appeal_review
        from licensing.health.appeals import tasks as appeal_tasks  # noqa: F401
        from licensing.health.appeals import timeline as appeal_timeline
        from licensing.health.appeals.documents import AppealDecisionFacts
        from licensing.health.appeals.states import APPEAL
        from licensing.health.documents import HealthLicenceFacts, RenewalRefusalFacts
        from licensing.health.states import RENEWAL
        from licensing.signage import files as board_files
        from licensing.signage import guards as board_guards  # noqa: F401
        from licensing.signage import notifications as board_messages  # noqa: F401
        from licensing.signage import panels as boards
        from licensing.signage import queries as board_queries
        from licensing.signage import review as board_review
        from licensing.signage import tasks as board_tasks  # noqa: F401
        from licensing.signage import timeline as board_timeline
        from licensing.signage.catalogue import SIGNAGE
        from licensing.signage.consents import guards as consent_guards  # noqa: F401
        from licensing.signage.documents import BoardLicenceFacts
        from licensing.signage.life import guards as life_guards  # noqa: F401
        from licensing.signage.life import shop_licence as boards_of_shops  # noqa: F401
        from licensing.signage.life.files import BOARD_PHOTOS
        from licensing.signage.life.grounds import grounds
        from licensing.signage.open_data import BOARDS_SET
        from licensing.signage.renewals import obligations as board_obligations
        from licensing.signage.services import issue as board_licences
        from licensing.signage.states import BOARDS
        from municipality.cases import panels
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.cases.timeline import ADDED_STEPS, TIMELINES
        from municipality.delegation.registry import SERVICES, Service
        from municipality.documents.queries import DOCUMENT_KINDS, OPENED_TO
        from municipality.drafts.registry import DRAFT_KINDS
        from municipality.kernel.open_data import OPEN_SETS
        from municipality.review.registry import REVIEWABLES
        from municipality.uploads.registry import PREFIXES
        from payments.registry import BILLED, GROUNDS, ORIGINS, OUTCOMES, PAYABLES, Payable
        from shops.registry import LICENCES

        CATALOGUE.register("health", catalogue.HEALTH)
        CATALOGUE.register("signage", SIGNAGE)
        SERVICES.register(RENEWAL, Service(_("Renewal of a health licence")))
        TIMELINES.register(RENEWAL, timeline.TIMELINE)
        REVIEWABLES.register(RENEWAL, review.REVIEWED)
        DRAFT_KINDS.register(RENEWAL, draft_pages.RENEWAL_DRAFT)
        PREFIXES.register("draft", files.DRAFT_FILES)
        PREFIXES.register("case", files.CASE_FILES)
        BILLED.register(RENEWAL, origins.billed)
        OUTCOMES.register(RENEWAL, outcomes.outcome)
        ORIGINS.register(origins.RENEWAL_PAGE, origins.renewal_page)
        PAYABLES.register(RENEWAL, Payable(paid=health.paid, voided=health.voided, sends_text=True))
        DOCUMENT_KINDS.register(HealthLicenceFacts.kind, HealthLicenceFacts)
        DOCUMENT_KINDS.register(RenewalRefusalFacts.kind, RenewalRefusalFacts)
        OPENED_TO.register("licensing", queries.documents_opened_to)
        LICENCES.register("licensing", queries.licence_facts)
        SERVICES.register(APPEAL, Service(_("Appeal against a refused renewal"), is_assisted=False, waits_in_dispute=False))
        TIMELINES.register(APPEAL, appeal_timeline.TIMELINE)
        ADDED_STEPS.register("licensing", appeal_timeline.added_steps)
        REVIEWABLES.register(APPEAL, appeal_review.REVIEWED)
        DOCUMENT_KINDS.register(AppealDecisionFacts.kind, AppealDecisionFacts)
        OBLIGATIONS.register("appeals", appeal_obligations.obligations)
        panels.CASE.register(APPEAL, appeal_panels.case_page)
        panels.CASE.register(RENEWAL, health.case_page)
        OBLIGATIONS.register("health", obligations.obligations)
        panels.MY_SHOPS.register("health", health.my_shops)
        panels.SHOP_PAGE.register("licence", shop_page.licences)
        SERVICES.register(BOARDS, Service(_("Licence for boards"), is_assisted=False))
        TIMELINES.register(BOARDS, board_timeline.TIMELINE)
        REVIEWABLES.register(BOARDS, board_review.REVIEWED)
        DRAFT_KINDS.register(BOARDS, board_files.BOARDS_DRAFT)
        PREFIXES.register("boards", board_files.BOARDS_FILES)
        PREFIXES.register("board", BOARD_PHOTOS)
        BILLED.register(BOARDS, boards.billed)
        OUTCOMES.register(BOARDS, boards.outcome)
        GROUNDS.register(BOARDS, grounds)
        PAYABLES.register(BOARDS, Payable(paid=board_licences.paid, voided=board_licences.voided))
        DOCUMENT_KINDS.register(BoardLicenceFacts.kind, BoardLicenceFacts)
        OPEN_SETS.register("boards", BOARDS_SET)
        OPENED_TO.register("boards", board_queries.documents_opened_to)
        OBLIGATIONS.register("boards", board_obligations.obligations)
        panels.CASE.register(BOARDS, boards.case_page)
        panels.MY_SHOPS.register("boards", boards.my_shops)
        panels.SHOP_PAGE.register("boards", boards.shop_page)
