"""Getting a shop for the pages of those who may act for it."""

from __future__ import annotations

from django.http import Http404

from municipality.accounts.models import User
from municipality.delegation.authorization import Access, authorize
from shops.models import Shop
from shops.register import name_lists


def find_shop(public_id: str) -> Shop:
    """A shop with the rows its page displays, whoever asks. Raises Http404 where there is none."""
    shop = Shop.objects.filter(public_id=public_id, merged_into=None).select_related("branch", "organisation").first()
    if shop is None:
        raise Http404
    name_lists.attach_names([shop])
    return shop


def shop_or_404(user: User, public_id: str, service: str) -> tuple[Shop, Access]:
    """A shop of `find_shop`, and the access of `user` in a service.

    Raises Http404 where there is none; NotYours for strangers, NotPermitted where a grant has ended.
    """
    shop = find_shop(public_id)
    access = authorize(user, shop, service)
    if shop.owner_id == access.person.pk:
        shop.owner = access.person  # saves a query
    return shop, access
