from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LicensingConfig(AppConfig):
    name = "licensing"
    label = "licensing"
    verbose_name = "التراخيص"

    def ready(self) -> None:
        from licensing.health import (  # noqa: F401
            catalogue,
            files,
            guards,
            kept,
            notifications,
            panels,
            queries,
            review,
            shop_page,
            story,
            tasks,
        )
        from licensing.health.states import RENEWAL
        from municipality.acting.registry import delegable
        from municipality.cases.panels import register
        from municipality.documents.queries import KINDS, OPENED_TO
        from municipality.drafts.registry import keeps
        from municipality.review.registry import review as reviews
        from payments.registry import pays_for
        from shops.registry import LICENCES

        catalogue.open_services()
        register("my_shops", "health", panels.my_shops)
        register("case", "licensing.renewal", panels.case_page)
        register("shop_page", "licence", shop_page.licences)
        register("shop_page", "boards", shop_page.boards)
        pays_for("licensing.renewal", paid=panels.paid, voided=panels.voided)
        keeps(kept.KEPT)
        reviews(review.REVIEWED)
        files.open_slots()
        OPENED_TO.append(queries.documents_opened_to)
        KINDS["health_licence"] = _("Health licence")
        KINDS["licensing.refusal"] = _("Decision refusing a request")
        LICENCES.append(queries.licence_facts)
        delegable(RENEWAL, _("Renewal of a health licence"))
