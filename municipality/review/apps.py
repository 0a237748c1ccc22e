from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "municipality.review"
    label = "review"
    verbose_name = "دراسة الطلبات"
