from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    label = "reports"
    verbose_name = _("Eye of Kuwait")

    def ready(self) -> None:
        from municipality.cases import panels
        from municipality.cases.catalogue import CATALOGUE
        from municipality.cases.home_forms import HOME_FORMS, PUBLIC_NUMBERS, HomeForm
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.incidents.registry import DEADLINES
        from municipality.kernel.open_data import OPEN_SETS
        from municipality.rulebook.registry import HIGHEST
        from municipality.ui.errors import OTHER_FORMS
        from municipality.uploads.registry import PREFIXES
        from reports import catalogue, deadlines, guards, queries, shop_page, states, tasks  # noqa: F401
        from reports.open311 import changes  # noqa: F401
        from reports.open311 import errors as open311
        from reports.photos import files
        from reports.public_page import open_data
        from reports.public_page import queries as public_page
        from reports.public_page.numbers import ReportNumberForm
        from reports.reporters import queries as reporters
        from reports.triage.services.consequences import ORIGIN
        from violations.origins import ORIGINS

        CATALOGUE.register("reports", catalogue.REPORTS)
        start = (_("Report a problem"), "reports:new")
        text = _("With a photo, also without an account; or find a report by its number")
        HOME_FORMS.register("report", HomeForm("eye", start[0], text, ReportNumberForm, "reports:all", _("Find"), 4, start))
        PUBLIC_NUMBERS.register("reports", public_page.address_of)
        PREFIXES.register(files.HELD, files.HELD_FILES)
        PREFIXES.register("report", files.REPORT_FILES)
        OTHER_FORMS.register(open311.PREFIX, open311.of_portal)
        OBLIGATIONS.register("reports", reporters.obligations)
        panels.OTHER_LISTS.register("reports", reporters.other_lists)
        ORIGINS.register("report", ORIGIN)
        HIGHEST.register(f"{queries.LIMITS}:similar_metres", guards.FARTHEST_SIMILAR)
        for name, kind in deadlines.KINDS.items():
            DEADLINES.register(name, kind)
        OPEN_SETS.register("reports", open_data.REPORTS_SET)
        panels.SHOP_PAGE.register("reports", shop_page.block)
