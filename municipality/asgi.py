"""The ASGI application."""

from django.core.asgi import get_asgi_application

from municipality import settings

settings.set_default()
application = get_asgi_application()
