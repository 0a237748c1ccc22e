from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "municipality.drafts"
    label = "drafts"
    verbose_name = "الطلبات المحفوظة"

    def ready(self) -> None:
        from municipality.delegation.registry import ENDED, OWNERSHIPS
        from municipality.drafts import queries, unsaved

        ENDED.register("drafts", unsaved.delete_of_delegation)
        OWNERSHIPS.register("drafts.Draft", queries.ownership)
