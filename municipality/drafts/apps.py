from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DraftsConfig(AppConfig):
    name = "municipality.drafts"
    label = "drafts"
    verbose_name = _("Saved requests")

    def ready(self) -> None:
        from municipality.delegation.registry import ENDED, OWNERSHIPS
        from municipality.drafts import queries, unsaved

        ENDED.register("drafts", unsaved.delete_of_delegation)
        OWNERSHIPS.register("drafts.Draft", queries.ownership)
