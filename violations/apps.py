from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ViolationsConfig(AppConfig):
    name = "violations"
    label = "violations"
    verbose_name = "المخالفات"

    def ready(self) -> None:
        from municipality.cases import panels as pages
        from municipality.cases.block_causes import BLOCK_CAUSES
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.timeline import TIMELINES
        from municipality.delegation.registry import OWNERSHIPS, SERVICES, Service
        from municipality.documents.queries import KINDS, OPENED_TO
        from municipality.imports.registry import KINDS as IMPORTS
        from municipality.review.registry import REVIEWABLES
        from municipality.uploads.registry import PREFIXES
        from payments import registry as payments
        from shops.registry import FINDINGS, OPEN_MATTERS, OPEN_SETS
        from violations import (
            block_causes,
            catalogue,
            documents,
            files,
            open_data,
            panels,
            publication,
            queries,
            review,
            shop_merges,
            shop_page,
            timeline,
        )
        from violations.legacy_fines.kind import KIND as PAPER
        from violations.services import blocks, dues, settlements
        from violations.states import OBJECTION, SERVICE

        BLOCK_CAUSES.register(blocks.GROUND, block_causes.explain)
        CATALOGUE.register("violations", catalogue.VIOLATIONS)
        SERVICES.register(SERVICE, Service(_("Violations of the shop"), is_assisted=False, waits_in_dispute=False))
        OWNERSHIPS.register("violations.Violation", queries.ownership)
        IMPORTS.register(PAPER.name, PAPER)
        TIMELINES.register(OBJECTION, timeline.STORY)
        REVIEWABLES.register(OBJECTION, review.REVIEWED)
        PREFIXES.register("violation", files.VIOLATION_FILES)
        payments.PAYABLES.register(settlements.BILL, payments.Payable(paid=settlements.paid, voided=settlements.voided))
        payments.OWING.register(settlements.BILL, payments.Owing(dues=dues.dues, bill_for=dues.bill_for))
        payments.OUTCOMES.register(settlements.BILL, dues.outcome)
        payments.BILLED.register(settlements.BILL, dues.of_bills)
        payments.RIGHTS.register("violation", queries.right_over)
        payments.DELEGATED_BILLS.register("violations", queries.delegated_bills)
        for kind in documents.KINDS:
            KINDS.register(kind.kind, kind)
        OPENED_TO.register("violations", queries.visible_documents)
        OPEN_MATTERS.register("violations", shop_merges.open_of)
        FINDINGS.register("violation", publication.fact_of)
        OPEN_SETS.register("violations", open_data.VIOLATIONS)
        pages.CASE.register(OBJECTION, panels.case_page)
        pages.MY_SHOPS.register("violations", panels.my_shops)
        pages.SHOP_PAGE.register("violations", shop_page.block)
