from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "municipality.places"
    label = "places"
    verbose_name = "الأماكن"
