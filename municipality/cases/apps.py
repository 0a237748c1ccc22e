from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "municipality.cases"
    label = "cases"
    verbose_name = "الطلبات"

    def ready(self) -> None:
        from municipality.cases import queries, roles
        from municipality.cases.forms import TrackForm
        from municipality.cases.home_forms import HOME_FORMS, HomeForm
        from municipality.delegation.registry import OWNERSHIPS
        from municipality.documents.forms import CodeForm
        from municipality.rulebook.registry import DRAFT_EFFECTS, DraftEffect

        check = _("With the code on it")
        HOME_FORMS.register("verify", HomeForm("qr", _("Check a licence"), check, CodeForm, "verify_ask", _("Check"), 2))
        follow = _("With its reference and the last 4 digits of the civil number")
        HOME_FORMS.register("track", HomeForm("search", _("Track a request"), follow, TrackForm, "cases:track", _("Track"), 3))
        keep = _("Judged by an earlier edition, which they keep")
        DRAFT_EFFECTS.register("cases", lambda draft: [DraftEffect(keep, count)] if (count := queries.open_under(draft.subject)) else [])
        OWNERSHIPS.register("cases.Case", queries.ownership)
        post_migrate.connect(roles.ensure_roles, dispatch_uid="cases.roles")
