from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopsConfig(AppConfig):
    name = "shops"
    label = "shops"
    verbose_name = "المحلات"

    def ready(self) -> None:
        from municipality.cases import panels as pages
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.timeline import TIMELINES
        from municipality.delegation import registry as delegation
        from municipality.documents.queries import DOCUMENT_KINDS, OPENED_TO
        from municipality.drafts.registry import DRAFT_KINDS
        from municipality.imports.registry import IMPORT_KINDS
        from municipality.review.registry import REVIEWABLES
        from municipality.uploads.registry import PREFIXES
        from shops import catalogue, tasks  # noqa: F401
        from shops.claims import drafts, files, panels, parties, refusals, review, timeline
        from shops.claims import guards as claim_guards  # noqa: F401
        from shops.claims import notifications as claim_notifications  # noqa: F401
        from shops.claims.states import CLAIM
        from shops.commercial_register import guards as commercial_guards  # noqa: F401
        from shops.hours import guards as hours_guards  # noqa: F401
        from shops.hours.services import HOURS
        from shops.imports import guards as import_guards  # noqa: F401
        from shops.imports.kind import KIND as REGISTER
        from shops.office import guards as office_guards  # noqa: F401
        from shops.open_data import guards as open_data_guards  # noqa: F401
        from shops.open_data import table
        from shops.public_page import guards as page_guards  # noqa: F401
        from shops.public_page import notifications as page_notifications  # noqa: F401
        from shops.public_page import panels as page_panels
        from shops.public_page import review as page_review
        from shops.public_page import timeline as page_story
        from shops.public_page.states import CORRECTION, REPLY
        from shops.register import guards, queries  # noqa: F401
        from shops.registry import OPEN_SETS
        from shops.search import index  # noqa: F401 - connects its receiver
        from shops.subscriptions import guards as subscription_guards  # noqa: F401
        from shops.subscriptions import notifications as subscription_notifications  # noqa: F401

        CATALOGUE.register("shops", catalogue.SHOPS)
        OPEN_SETS.register("shops", table.SHOPS)
        IMPORT_KINDS.register(REGISTER.name, REGISTER)
        delegation.OWNERSHIPS.register("shops.Shop", queries.ownership)
        delegation.OWNERSHIPS.register("shops.Claim", parties.ownership)
        delegation.HOLDERS.register("shop", queries.held)
        delegation.BELONGINGS.register("shops", queries.of_organisations)
        delegation.NAMES.register("shops", queries.names)
        delegation.HOLDINGS.register("shops", queries.holdings)

        delegation.SERVICES.register(CLAIM, delegation.Service(_("Claims of shops"), is_assisted=False, waits_in_dispute=False))
        TIMELINES.register(CLAIM, timeline.STORY)
        REVIEWABLES.register(CLAIM, review.REVIEWED)
        DRAFT_KINDS.register(CLAIM, drafts.CLAIM_DRAFT)
        PREFIXES.register("claim", files.CLAIM_FILES)
        DOCUMENT_KINDS.register(refusals.ClaimRefusalFacts.kind, refusals.ClaimRefusalFacts)
        OPENED_TO.register("shops", refusals.opened_to)
        pages.CASE.register(CLAIM, panels.case_page)

        # Requests of the public on a shop's page.
        for service, story, reviewed, panel in (
            (CORRECTION, page_story.CORRECTIONS, page_review.CORRECTIONS, page_panels.corrections),
            (REPLY, page_story.REPLIES, page_review.REPLIES, page_panels.replies),
        ):
            TIMELINES.register(service, story)
            REVIEWABLES.register(service, reviewed)
            pages.CASE.register(service, panel)
        delegation.SERVICES.register(HOURS, delegation.Service(_("Opening hours of a shop"), is_assisted=False, waits_in_dispute=False))
        delegation.SERVICES.register(
            REPLY, delegation.Service(_("Replies on the page of a shop"), is_assisted=False, waits_in_dispute=False)
        )
