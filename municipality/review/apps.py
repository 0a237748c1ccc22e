from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "municipality.review"
    label = "review"
    verbose_name = "دراسة الطلبات"

    def ready(self) -> None:
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.cases.timeline import ADDED_STEPS
        from municipality.jobs.services import enqueue
        from municipality.review import obligations, tasks, timeline  # noqa: F401
        from municipality.rulebook.registry import PUBLICATION_HANDLERS

        def recount(ruleset: object) -> None:
            pk = ruleset.pk  # type: ignore[attr-defined]
            enqueue("review.recompute_clocks", key=f"calendar:{pk}", ruleset_id=pk)

        ADDED_STEPS.register("review", timeline.added_steps)
        OBLIGATIONS.register("review", obligations.obligations)
        PUBLICATION_HANDLERS.register("review.clocks", ("calendar", recount))
