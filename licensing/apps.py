from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "licensing"
    label = "licensing"
    verbose_name = "التراخيص"

    def ready(self) -> None:
        from licensing import catalogue, files, kept, panels, review, story, tasks  # noqa: F401
        from municipality.cases.panels import register
        from municipality.drafts.registry import keeps
        from municipality.review.registry import review as reviews
        from payments.registry import pays_for

        catalogue.open_services()
        register("my_shops", "health", panels.my_shops)
        register("case", "licensing.renewal", panels.case_page)
        pays_for("licensing.renewal", paid=panels.paid, voided=panels.voided)
        keeps(kept.KEPT)
        reviews(review.REVIEWED)
        files.open_slots()
