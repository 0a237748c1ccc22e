from django.apps import AppConfig


class ActingConfig(AppConfig):
    name = "municipality.acting"
    label = "acting"
    verbose_name = "التفويض والمساعدة"

    def ready(self) -> None:
        from municipality.accounts.access import STAND_INS
        from municipality.acting import organisations
        from municipality.acting.registry import HOLDERS, NAMES, OWNERSHIPS
        from municipality.acting.services import consents

        STAND_INS.register("consents", consents.steps_in)
        HOLDERS.register("organisation", organisations.held)
        NAMES.register("organisation", organisations.names)
        OWNERSHIPS.register("accounts.Organisation", organisations.ownership)
