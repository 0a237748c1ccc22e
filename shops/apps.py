from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopsConfig(AppConfig):
    name = "shops"
    label = "shops"
    verbose_name = "المحلات"

    def ready(self) -> None:
        from municipality.acting import registry as acting
        from municipality.cases import panels as pages
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.timeline import STORIES
        from municipality.documents.queries import KINDS, OPENED_TO
        from municipality.drafts.registry import KEPT
        from municipality.review.registry import REVIEWABLES
        from municipality.uploads.registry import PREFIXES
        from shops import catalogue, files, kept, panels, queries, refusals, review, story, tasks  # noqa: F401
        from shops.hours.services import HOURS
        from shops.open_data import feed, table
        from shops.page import panels as page
        from shops.page import review as page_review
        from shops.page import story as page_story
        from shops.registry import OPEN_SETS
        from shops.search import indexing
        from shops.states import CLAIM, CORRECTION, REPLY

        CATALOGUE.register("shops", catalogue.SHOPS)
        indexing.TOLD.register("open_data", feed.mark)
        OPEN_SETS.register("shops", table.SHOPS)
        acting.HOLDERS.register("shop", queries.held)
        acting.BELONGINGS.register("shops", queries.of_organisations)
        acting.NAMES.register("shops", queries.names)
        acting.HOLDINGS.register("shops", queries.holdings)

        acting.SERVICES.register(CLAIM, acting.Service(_("Claims of shops"), is_assisted=False, waits_in_dispute=False))
        STORIES.register(CLAIM, story.STORY)
        REVIEWABLES.register(CLAIM, review.REVIEWED)
        KEPT.register(CLAIM, kept.KEPT)
        PREFIXES.register("claim", files.CLAIM_FILES)
        KINDS.register(refusals.ClaimRefusalFacts.kind, refusals.ClaimRefusalFacts)
        OPENED_TO.register("shops", refusals.opened_to)
        pages.CASE.register(CLAIM, panels.case_page)

        # What people ask of a shop's page, and what its holder states on it.
        for service, told, reviewed, panel in (
            (CORRECTION, page_story.CORRECTIONS, page_review.CORRECTIONS, page.corrections),
            (REPLY, page_story.REPLIES, page_review.REPLIES, page.replies),
        ):
            STORIES.register(service, told)
            REVIEWABLES.register(service, reviewed)
            pages.CASE.register(service, panel)
        acting.SERVICES.register(HOURS, acting.Service(_("Opening hours of a shop"), is_assisted=False, waits_in_dispute=False))
        acting.SERVICES.register(REPLY, acting.Service(_("Replies on the page of a shop"), is_assisted=False, waits_in_dispute=False))
