from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopsConfig(AppConfig):
    name = "shops"
    label = "shops"
    verbose_name = "المحلات"

    def ready(self) -> None:
        from shops.catalogue import announce

        announce()

        from municipality.acting import registry
        from municipality.cases.panels import register
        from municipality.documents.queries import KINDS, OPENED_TO
        from municipality.drafts.registry import keeps
        from municipality.imports import registry as imports
        from municipality.review.registry import review as reviews
        from shops import files, kept, panels, queries, refusals, review, story, tasks  # noqa: F401
        from shops.imports.kind import KIND as REGISTER
        from shops.open_data import feed, table
        from shops.registry import publishes
        from shops.search import indexing
        from shops.states import CLAIM

        indexing.TOLD[:] = [feed.mark]
        publishes(table.SHOPS)
        registry.HOLDERS["shop"] = queries.held
        registry.BELONGINGS.append(queries.of_organisations)
        registry.NAMES.append(queries.names)
        registry.HOLDINGS.append(queries.holdings)
        files.open_slots()
        keeps(kept.KEPT)
        imports.register(REGISTER)
        reviews(review.REVIEWED)
        register("case", CLAIM, panels.case_page)
        OPENED_TO.append(refusals.opened_to)
        KINDS[refusals.KIND] = _("Decision refusing a request")
        registry.delegable(CLAIM, _("Claims of shops"), is_assisted=False, waits_in_dispute=False)

        # What people ask of a shop's page, and what its holder states on it.
        from shops.hours.services import HOURS
        from shops.page import panels as page
        from shops.page import review as page_review
        from shops.page import story as page_story  # noqa: F401
        from shops.states import CORRECTION, REPLY

        register("case", CORRECTION, page.corrections)
        register("case", REPLY, page.replies)
        reviews(page_review.CORRECTIONS)
        reviews(page_review.REPLIES)
        registry.delegable(HOURS, _("Opening hours of a shop"), is_assisted=False, waits_in_dispute=False)
        registry.delegable(REPLY, _("Replies on the page of a shop"), is_assisted=False, waits_in_dispute=False)
