"""Mail is set in the words of the installed Django."""

from __future__ import annotations

from typing import Any

from municipality.settings.mail import use_mailers


def smtp() -> dict[str, Any]:
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "mail.example.test",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "portal",
        "EMAIL_HOST_PASSWORD": "pw",
        "EMAIL_USE_TLS": True,
        "EMAIL_TIMEOUT": 10,
        "DEBUG": False,
    }


def test_older_versions_keep_their_names() -> None:
    settings = smtp()
    use_mailers(settings, (5, 2))
    assert settings == smtp()


def test_newer_versions_get_one_mailer_and_no_old_name() -> None:
    settings = smtp()
    use_mailers(settings, (6, 1))
    options = {"host": "mail.example.test", "port": 587, "username": "portal", "password": "pw", "use_tls": True, "timeout": 10}
    assert settings == {"DEBUG": False, "MAILERS": {"default": {"BACKEND": smtp()["EMAIL_BACKEND"], "OPTIONS": options}}}


def test_mail_into_files_keeps_its_folder_alone() -> None:
    settings = smtp() | {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": "var/mail"}
    use_mailers(settings, (6, 1))
    assert settings["MAILERS"]["default"]["OPTIONS"] == {"file_path": "var/mail"}
    assert not [name for name in settings if name.startswith("EMAIL_")]
