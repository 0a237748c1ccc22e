from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopsConfig(AppConfig):
    name = "shops"
    label = "shops"
    verbose_name = _("Shops")

    def ready(self) -> None:
        from municipality.cases import panels as case_panels
        from municipality.cases.block_causes import BLOCK_CAUSES, BLOCK_TITLES
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.cases.timeline import MUST_ACT, TIMELINES
        from municipality.delegation.registry import BELONGINGS, HOLDERS, HOLDINGS, NAMES, OWNERSHIPS, SERVICES, DelegableService
        from municipality.documents.queries import DOCUMENT_KINDS, OPENED_TO
        from municipality.drafts.registry import DRAFT_KINDS
        from municipality.imports.registry import IMPORT_KINDS
        from municipality.incidents.registry import DEADLINES
        from municipality.kernel.open_data import OPEN_SETS
        from municipality.review.registry import ON_PLOT, PARTY_NUMBERS, REVIEWABLES, OnPlot
        from municipality.review.timeline import actor_of_queue
        from municipality.uploads.registry import PREFIXES
        from shops import catalogue, tasks  # noqa: F401
        from shops.claims import deadlines, drafts, files, obligations, panels, parties, refusals, review, timeline
        from shops.claims import guards as claim_guards  # noqa: F401
        from shops.claims import hearing as claim_hearing  # noqa: F401 - connects its receiver
        from shops.claims import notifications as claim_notifications  # noqa: F401
        from shops.claims.services import GROUND
        from shops.claims.states import CLAIM
        from shops.commercial_register import guards as commercial_guards  # noqa: F401
        from shops.hours import guards as hours_guards  # noqa: F401
        from shops.hours.services import HOURS
        from shops.imports import guards as import_guards  # noqa: F401
        from shops.imports.kind import KIND as REGISTER_IMPORT
        from shops.office import guards as office_guards  # noqa: F401
        from shops.open_data import guards as open_data_guards  # noqa: F401
        from shops.open_data import table
        from shops.public_page import guards as page_guards  # noqa: F401
        from shops.public_page import notifications as page_notifications  # noqa: F401
        from shops.public_page import panels as page_panels
        from shops.public_page import plots
        from shops.public_page import review as page_review
        from shops.public_page import timeline as page_timeline
        from shops.public_page.states import CORRECTION, REPLY
        from shops.register import guards, queries  # noqa: F401
        from shops.register import notifications as register_notifications  # noqa: F401
        from shops.search import index  # noqa: F401 - connects its receiver
        from shops.subscriptions import guards as subscription_guards  # noqa: F401
        from shops.subscriptions import notifications as subscription_notifications  # noqa: F401

        CATALOGUE.register("shops", catalogue.SHOPS)
        OPEN_SETS.register("shops", table.SHOPS)
        IMPORT_KINDS.register(REGISTER_IMPORT.name, REGISTER_IMPORT)
        OWNERSHIPS.register("shops.Shop", queries.ownership)
        OWNERSHIPS.register("shops.Claim", parties.ownership)
        HOLDERS.register("shop", queries.held)
        BELONGINGS.register("shops", queries.of_organisations)
        NAMES.register("shops", queries.names)
        ON_PLOT.register("shop", OnPlot(queries.place_of, queries.on_plot, _("same shop")))
        HOLDINGS.register("shops", queries.holdings)

        SERVICES.register(CLAIM, DelegableService(_("Claims of shops"), is_assisted=False, waits_in_dispute=False))
        TIMELINES.register(CLAIM, timeline.TIMELINE)
        MUST_ACT.register(CLAIM, actor_of_queue)
        REVIEWABLES.register(CLAIM, review.REVIEWED)
        DEADLINES.register("shops.claim", deadlines.DISPUTE)
        OBLIGATIONS.register("claims", obligations.obligations)
        BLOCK_CAUSES.register(GROUND, panels.block_causes)
        BLOCK_TITLES.register(GROUND, panels.block_titles)
        PARTY_NUMBERS.register("shop", queries.key_by_licence)
        DRAFT_KINDS.register(CLAIM, drafts.CLAIM_DRAFT)
        PREFIXES.register("claim", files.CLAIM_FILES)
        DOCUMENT_KINDS.register(refusals.ClaimRefusalFacts.kind, refusals.ClaimRefusalFacts)
        OPENED_TO.register("shops", refusals.opened_to)
        case_panels.CASE.register(CLAIM, panels.case_page)

        # Requests of the public on a shop's page.
        TIMELINES.register(CORRECTION, page_timeline.CORRECTIONS)
        TIMELINES.register(REPLY, page_timeline.REPLIES)
        REVIEWABLES.register(CORRECTION, page_review.CORRECTIONS)
        REVIEWABLES.register(REPLY, page_review.REPLIES)
        case_panels.CASE.register(CORRECTION, page_panels.corrections)
        case_panels.CASE.register(REPLY, page_panels.replies)
        case_panels.PLOT_PAGE.register("shops", plots.shops_of)
        SERVICES.register(HOURS, DelegableService(_("Opening hours of a shop"), is_assisted=False, waits_in_dispute=False))
        SERVICES.register(REPLY, DelegableService(_("Replies on the page of a shop"), is_assisted=False, waits_in_dispute=False))
