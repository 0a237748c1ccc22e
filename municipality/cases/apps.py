from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CasesConfig(AppConfig):
    name = "municipality.cases"
    label = "cases"
    verbose_name = "الطلبات"

    def ready(self) -> None:
        from municipality.cases import queries, roles
        from municipality.delegation.registry import OWNERSHIPS

        OWNERSHIPS.register("cases.Case", queries.ownership)
        post_migrate.connect(roles.ensure_roles, dispatch_uid="cases.roles")
