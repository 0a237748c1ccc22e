from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "sandbox.demo"
    label = "demo"
    verbose_name = "بيانات العرض"

    def ready(self) -> None:
        from municipality.accounts.demo_door import take_passwords_from
        from sandbox.demo.platform.staff import password_of

        take_passwords_from(password_of)
