from django.apps import AppConfig


class ActingConfig(AppConfig):
    name = "municipality.acting"
    label = "acting"
    verbose_name = "التفويض والمساعدة"

    def ready(self) -> None:
        from municipality.accounts.access import STAND_INS
        from municipality.acting import organisations
        from municipality.acting.registry import HOLDERS, NAMES
        from municipality.acting.services import consents

        STAND_INS.append(consents.steps_in)
        HOLDERS["organisation"] = organisations.held
        NAMES.append(organisations.names)
