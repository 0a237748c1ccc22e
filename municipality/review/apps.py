from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "municipality.review"
    label = "review"
    verbose_name = _("Study of requests")

    def ready(self) -> None:
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.cases.timeline import ADDED_STEPS, DUE_AT, QUEUED, READ_WITH_A_CASE
        from municipality.incidents.registry import DEADLINES
        from municipality.jobs.services import enqueue
        from municipality.review import deadlines, obligations, tasks, timeline  # noqa: F401
        from municipality.review.services import case_clock
        from municipality.rulebook import calendars
        from municipality.rulebook.registry import DRAFT_EFFECTS, PUBLICATION_HANDLERS, DraftEffect

        def recount(ruleset: object) -> None:
            pk = ruleset.pk  # type: ignore[attr-defined]
            enqueue("review.recompute_clocks", key=f"calendar:{pk}", ruleset_id=pk)

        ADDED_STEPS.register("review", timeline.added_steps)
        DUE_AT.register("review", timeline.due_at)
        QUEUED.register("review", timeline.WAITS_IN_QUEUE)
        READ_WITH_A_CASE.register("review", ("place", "clock"))
        anew = _("Their promised day is counted anew at once")
        DRAFT_EFFECTS.register(
            "review.clocks", lambda draft: [DraftEffect(anew, case_clock.running())] if draft.subject == calendars.SUBJECT else []
        )
        DEADLINES.register("review.corrections", deadlines.CORRECTIONS)
        OBLIGATIONS.register("review", obligations.obligations)
        PUBLICATION_HANDLERS.register("review.clocks", ("calendar", recount))
