"""The WSGI application."""

from django.core.wsgi import get_wsgi_application

from municipality import settings

settings.choose()
application = get_wsgi_application()
