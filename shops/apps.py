from django.apps import AppConfig


class ShopsConfig(AppConfig):
    name = "shops"
    label = "shops"
    verbose_name = "المحلات"

    def ready(self) -> None:
        from shops.catalogue import announce

        announce()
