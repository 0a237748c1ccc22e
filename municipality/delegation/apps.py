from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DelegationConfig(AppConfig):
    name = "municipality.delegation"
    label = "delegation"
    verbose_name = _("Delegation and assistance")

    def ready(self) -> None:
        from municipality.accounts.access import ASSISTANCE_CHECKS
        from municipality.accounts.backends import PERSON_ANNOTATIONS
        from municipality.accounts.services.staff import STAFF_CHANGED
        from municipality.delegation import organisations, queries
        from municipality.delegation.registry import HOLDERS, NAMES, OWNERSHIPS
        from municipality.delegation.services import consents

        ASSISTANCE_CHECKS.register("consents", consents.is_assisting)
        STAFF_CHANGED.register("consents", consents.end_of_staff)
        HOLDERS.register("organisation", organisations.holdings)
        NAMES.register("organisation", organisations.names)
        OWNERSHIPS.register("accounts.Organisation", organisations.ownership)
        PERSON_ANNOTATIONS.register("is_delegate", queries.is_delegate())
        PERSON_ANNOTATIONS.register("has_offers", queries.has_offers())
