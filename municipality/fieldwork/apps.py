from django.apps import AppConfig


class FieldworkConfig(AppConfig):
    name = "municipality.fieldwork"
    label = "fieldwork"
    verbose_name = "العمل الميداني"
