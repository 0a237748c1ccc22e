from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ViolationsConfig(AppConfig):
    name = "violations"
    label = "violations"
    verbose_name = _("Violations")

    def ready(self) -> None:
        from licensing.inspections.registry import INSPECTORS
        from licensing.measures.registry import REPORTS
        from municipality.cases import panels as case_panels
        from municipality.cases.block_causes import BLOCK_CAUSES, BLOCK_TITLES
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.home_forms import HOME_FORMS, NUMBER_KINDS, HomeForm
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.cases.timeline import TIMELINES
        from municipality.delegation.registry import OWNERSHIPS, SERVICES, DelegableService
        from municipality.documents.queries import DOCUMENT_KINDS, OPENED_TO
        from municipality.imports.registry import IMPORT_KINDS
        from municipality.incidents.registry import DEADLINES
        from municipality.kernel.open_data import OPEN_SETS
        from municipality.review.registry import REVIEWABLES
        from municipality.uploads.registry import PREFIXES
        from payments import registry as payments
        from shops.registry import FINDINGS, FOLLOWING, OPEN_MATTERS, OPEN_SUMS
        from violations import (
            block_causes,
            catalogue,
            deadlines,
            documents,
            files,
            obligations,
            open_data,
            panels,
            publication,
            queries,
            review,
            shop_merges,
            shop_page,
            timeline,
        )
        from violations.forms import ViolationLookupForm
        from violations.legacy_fines.kind import KIND as LEGACY_FINES_IMPORT
        from violations.services import blocks, dues, reversals, settlements, visitors
        from violations.states import OBJECTION, SERVICE

        INSPECTORS.register("violations", queries.able_to_inspect)
        BLOCK_CAUSES.register(blocks.GROUND, block_causes.explain)
        BLOCK_TITLES.register(blocks.GROUND, block_causes.titles)
        CATALOGUE.register("violations", catalogue.VIOLATIONS)
        HOME_FORMS.register(
            "violation",
            HomeForm(
                "violation",
                _("See or pay a violation"),
                _("With its number and the last 4 digits of the civil number, without an account."),
                ViolationLookupForm,
                "violations:start",
                _("Show the violation"),
                1,
            ),
        )
        SERVICES.register(SERVICE, DelegableService(_("Violations of the shop"), is_assisted=False, waits_in_dispute=False))
        OWNERSHIPS.register("violations.Violation", queries.ownership)
        IMPORT_KINDS.register(LEGACY_FINES_IMPORT.name, LEGACY_FINES_IMPORT)
        DEADLINES.register("violations.correction", deadlines.CORRECTION)
        DEADLINES.register("violations.settlement", deadlines.SETTLEMENT)
        DEADLINES.register("violations.instalment", deadlines.INSTALMENT)
        DEADLINES.register("violations.objection", deadlines.OBJECTION)
        TIMELINES.register(OBJECTION, timeline.TIMELINE)
        REVIEWABLES.register(OBJECTION, review.REVIEWED)
        for letters in ("VIO", "WRN"):
            NUMBER_KINDS.register(letters, catalogue.NUMBERS)
        PREFIXES.register("violation", files.VIOLATION_FILES)
        PREFIXES.register("notice", files.PROOF_FILES)
        payments.PAYABLES.register(settlements.BILL, payments.Payable(settlements.paid, reversals.voided, freed=reversals.freed))
        payments.OWING.register(settlements.BILL, payments.Owing(dues=dues.dues, bill_for=dues.bill_for))
        payments.VISITORS.register(settlements.BILL, visitors.may_pay)
        payments.OUTCOMES.register(settlements.BILL, dues.outcome)
        payments.BILLED.register(settlements.BILL, dues.of_bills)
        payments.RIGHTS.register("violation", queries.right_over)
        payments.DELEGATED_BILLS.register("violations", queries.delegated_bills)
        for kind in documents.FACTS_CLASSES:
            DOCUMENT_KINDS.register(kind.kind, kind)
        OPENED_TO.register("violations", queries.visible_documents)
        OPEN_MATTERS.register("violations", shop_merges.open_of)
        FOLLOWING.register("violations", shop_merges.following)
        OPEN_SUMS.register("violations", queries.owed_on)
        FINDINGS.register("violation", publication.fact_of)
        REPORTS.register("violations", publication.report_of)
        OPEN_SETS.register("violations", open_data.VIOLATIONS)
        OBLIGATIONS.register("violations", obligations.obligations)
        case_panels.CASE.register(OBJECTION, panels.case_page)
        case_panels.MY_SHOPS.register("violations", panels.my_shops)
        case_panels.SHOP_PAGE.register("violations", shop_page.block)
