from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ViolationsConfig(AppConfig):
    name = "violations"
    label = "violations"
    verbose_name = "المخالفات"

    def ready(self) -> None:
        from municipality.acting.registry import delegable
        from municipality.cases.panels import register
        from municipality.documents.queries import KINDS, OPENED_TO
        from municipality.imports import registry as imports
        from municipality.review.registry import review as reviews
        from payments import registry as paying
        from shops.registry import FINDINGS, MATTERS, publishes
        from violations import (  # noqa: F401
            catalogue,
            documents,
            files,
            merging,
            open_data,
            panels,
            publication,
            queries,
            review,
            shop_page,
            story,
            tasks,
        )
        from violations.paper.kind import KIND as PAPER
        from violations.services import owing, settling
        from violations.states import SERVICE

        catalogue.open_services()
        imports.register(PAPER)
        paying.pays_for(settling.BILL, paid=settling.paid, voided=settling.voided)
        paying.owes(settling.BILL, dues=owing.dues, bill_for=owing.bill_for)
        reviews(review.REVIEWED)
        files.open_slots()
        panels.show()
        delegable(SERVICE, _("Violations of the shop"), is_assisted=False, waits_in_dispute=False)
        MATTERS.append(merging.open_of)
        paying.RIGHTS["violation"] = queries.right_over
        paying.OPENED_TO.append(queries.bills_opened_to)
        OPENED_TO.append(queries.papers_opened_to)
        KINDS.update(documents.KINDS)
        register("shop_page", "violations", shop_page.block)
        FINDINGS["violation"] = publication.fact_of
        publishes(open_data.VIOLATIONS)
