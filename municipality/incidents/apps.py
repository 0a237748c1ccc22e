from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "municipality.incidents"
    label = "incidents"
    verbose_name = _("Incidents")

    def ready(self) -> None:
        from municipality.cases.timeline import ADDED_STEPS
        from municipality.incidents import guards, notifications, signals, tasks, timeline  # noqa: F401
        from municipality.incidents.models import PortalPart
        from municipality.incidents.registry import SIGNALS

        SIGNALS.register(PortalPart.PORTAL, signals.portal_works)
        SIGNALS.register(PortalPart.SIGN_IN, signals.sign_in_works)
        SIGNALS.register(PortalPart.TEXTS, signals.texts_work)
        SIGNALS.register(PortalPart.DOCUMENTS, signals.documents_work)
        ADDED_STEPS.register("incidents", timeline.added_steps)
