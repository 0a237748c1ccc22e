"""The WSGI application."""

from django.core.wsgi import get_wsgi_application

from municipality import settings

settings.set_default()
application = get_wsgi_application()
