from django.apps import AppConfig


class DelegationConfig(AppConfig):
    name = "municipality.delegation"
    label = "delegation"
    verbose_name = "التفويض والمساعدة"

    def ready(self) -> None:
        from municipality.accounts.access import STAND_INS
        from municipality.delegation import organisations
        from municipality.delegation.registry import HOLDERS, NAMES, OWNERSHIPS
        from municipality.delegation.services import consents

        STAND_INS.register("consents", consents.steps_in)
        HOLDERS.register("organisation", organisations.held)
        NAMES.register("organisation", organisations.names)
        OWNERSHIPS.register("accounts.Organisation", organisations.ownership)
