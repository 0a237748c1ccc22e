"""Who works on the register: a clerk writes sheets and proposals, a keeper lets them in; one person never does both of one act."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel.errors import NotPermitted

CLERK, KEEPER = "register_clerk", "register_keeper"  # the groups of the two people


def demand(user: User, *groups: str) -> None:
    """Raises NotPermitted unless the member of staff is in one of the groups."""
    if not (user.is_active and user.is_staff and user.groups.filter(name__in=groups).exists()):
        raise NotPermitted("not_your_role", _("Your role does not do this."))
