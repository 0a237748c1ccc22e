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
        from municipality.review.registry import review as reviews
        from shops import tasks  # noqa: F401
        from shops.claims import drafts, files, panels, refusals, review
        from shops.claims import guards as claim_guards  # noqa: F401
        from shops.claims import notifications as claim_notifications  # noqa: F401
        from shops.claims import story as claim_story  # noqa: F401
        from shops.claims.states import CLAIM
        from shops.commercial_register import guards as commercial_guards  # noqa: F401
        from shops.hours import guards as hours_guards  # noqa: F401
        from shops.hours.services import HOURS
        from shops.imports import guards as import_guards  # noqa: F401
        from shops.office import guards as office_guards  # noqa: F401
        from shops.open_data import guards as open_data_guards  # noqa: F401
        from shops.open_data import table
        from shops.public_page import guards as page_guards  # noqa: F401
        from shops.public_page import notifications as page_notifications  # noqa: F401
        from shops.public_page import panels as page_panels
        from shops.public_page import review as page_review
        from shops.public_page import story as page_story  # noqa: F401
        from shops.public_page.states import CORRECTION, REPLY
        from shops.register import guards, queries  # noqa: F401
        from shops.registry import publishes
        from shops.search import index  # noqa: F401 - connects its receiver
        from shops.subscriptions import guards as subscription_guards  # noqa: F401
        from shops.subscriptions import notifications as subscription_notifications  # noqa: F401

        publishes(table.SHOPS)
        registry.HOLDERS["shop"] = queries.held
        registry.BELONGINGS.append(queries.of_organisations)
        registry.NAMES.append(queries.names)
        registry.HOLDINGS.append(queries.holdings)
        files.open_slots()
        keeps(drafts.KEPT)
        reviews(review.REVIEWED)
        register("case", CLAIM, panels.case_page)
        OPENED_TO.append(refusals.opened_to)
        KINDS[refusals.KIND] = _("Decision refusing a request")
        registry.delegable(CLAIM, _("Claims of shops"), is_assisted=False, waits_in_dispute=False)

        # What people ask of a shop's page, and what its holder states on it.
        register("case", CORRECTION, page_panels.corrections)
        register("case", REPLY, page_panels.replies)
        reviews(page_review.CORRECTIONS)
        reviews(page_review.REPLIES)
        registry.delegable(HOURS, _("Opening hours of a shop"), is_assisted=False, waits_in_dispute=False)
        registry.delegable(REPLY, _("Replies on the page of a shop"), is_assisted=False, waits_in_dispute=False)
