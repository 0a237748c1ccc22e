from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "municipality.cases"
    label = "cases"
    verbose_name = _("Requests")

    def ready(self) -> None:
        from municipality.cases import offered, queries, roles, unsent
        from municipality.cases.forms import TrackForm
        from municipality.cases.home_forms import HOME_FORMS, HomeForm
        from municipality.cases.obligations import OBLIGATIONS
        from municipality.delegation.registry import OWNERSHIPS
        from municipality.documents.forms import CodeForm
        from municipality.notifications.registry import RECIPIENTS
        from municipality.rulebook import calendars
        from municipality.rulebook.models import RuleSet
        from municipality.rulebook.registry import DRAFT_EFFECTS, DraftEffect

        check = _("With the verification code printed on it")
        HOME_FORMS.register("verify", HomeForm("qr", _("Check a licence"), check, CodeForm, "verify_ask", _("Check"), 2))
        follow = _("With its reference number and the last 4 digits of the civil number")
        HOME_FORMS.register("track", HomeForm("search", _("Track a request"), follow, TrackForm, "cases:track", _("Track"), 3))
        keep = _("Judged by an earlier edition, which they keep")

        def kept(draft: RuleSet) -> list[DraftEffect]:
            count = queries.open_under(draft.subject) if draft.subject != calendars.SUBJECT else 0  # promises follow the newest calendar
            return [DraftEffect(keep, count)] if count else []

        DRAFT_EFFECTS.register("cases", kept)
        OWNERSHIPS.register("cases.Case", queries.ownership)
        RECIPIENTS.register("case", queries.recipients)
        OBLIGATIONS.register("drafts", unsent.obligations)
        OBLIGATIONS.register("delegations", offered.obligations)
        post_migrate.connect(roles.ensure_roles, dispatch_uid="cases.roles")
