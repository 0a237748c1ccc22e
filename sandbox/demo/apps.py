from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "sandbox.demo"
    label = "demo"
    verbose_name = "بيانات العرض"

    def ready(self) -> None:
        from municipality.accounts.demo_sign_in import register_passwords
        from sandbox.demo.platform.staff import password_of

        register_passwords(password_of)
