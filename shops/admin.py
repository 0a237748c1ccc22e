"""Registers the admin modules of the features."""

from django.contrib import admin

from shops.claims import admin as claims  # noqa: F401
from shops.commercial_register import admin as commercial_register
from shops.commercial_register import home as commercial_register_home
from shops.hours import admin as hours  # noqa: F401
from shops.imports import admin as imports  # noqa: F401
from shops.office import admin as office
from shops.office.views import home as office_home
from shops.open_data import admin as open_data  # noqa: F401
from shops.public_page import admin as public_page  # noqa: F401
from shops.register import admin as register  # noqa: F401
from shops.search import admin as search  # noqa: F401
from shops.subscriptions import admin as subscriptions  # noqa: F401

# In the order of the first page.
admin.site.add_pages(office.PAGES, home=office_home.home)
admin.site.add_pages(commercial_register.PAGES, home=commercial_register_home.home)
