"""The groups who work on the plots: a clerk loads files, a planner releases and undoes them; never the same person both."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel.errors import NotPermitted

CLERK, PLANNER = "plot_clerk", "planner"  # names of the two groups


def require_group(user: User, *groups: str) -> None:
    """Raises NotPermitted unless the user is staff and in one of the groups."""
    if not (user.is_active and user.is_staff and user.groups.filter(name__in=groups).exists()):
        raise NotPermitted("not_your_role", _("Your role cannot do this."))
