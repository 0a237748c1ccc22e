from django.apps import AppConfig


class ShopsConfig(AppConfig):
    name = "shops"
    label = "shops"
    verbose_name = "المحلات"

    def ready(self) -> None:
        from shops.catalogue import announce

        announce()

        from municipality.acting import registry
        from shops import queries

        registry.HOLDERS["shop"] = queries.held
        registry.BELONGINGS.append(queries.of_organisations)
        registry.NAMES.append(queries.names)
        registry.HOLDINGS.append(queries.holdings)
