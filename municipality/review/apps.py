from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "municipality.review"
    label = "review"
    verbose_name = "دراسة الطلبات"

    def ready(self) -> None:
        from municipality.jobs.services import enqueue
        from municipality.review import tasks  # noqa: F401
        from municipality.rulebook.registry import PUBLICATION_HANDLERS

        def recount(ruleset: object) -> None:
            pk = ruleset.pk  # type: ignore[attr-defined]
            enqueue("review.recompute_clocks", key=f"calendar:{pk}", ruleset_id=pk)

        PUBLICATION_HANDLERS.register("review.clocks", ("calendar", recount))
