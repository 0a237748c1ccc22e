from django.apps import AppConfig


class ShopsConfig(AppConfig):
    name = "shops"
    label = "shops"
    verbose_name = "المحلات"

    def ready(self) -> None:
        from shops.catalogue import announce

        announce()

        from municipality.acting import registry
        from municipality.cases.panels import register
        from municipality.drafts.registry import keeps
        from municipality.review.registry import review as reviews
        from shops import files, kept, panels, queries, review, story, tasks  # noqa: F401

        registry.HOLDERS["shop"] = queries.held
        registry.BELONGINGS.append(queries.of_organisations)
        registry.NAMES.append(queries.names)
        registry.HOLDINGS.append(queries.holdings)
        files.open_slots()
        keeps(kept.KEPT)
        reviews(review.REVIEWED)
        register("case", "shops.claim", panels.case_page)
