"""Redirects after a form."""

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """303 See Other: going back or reloading sends no form again."""

    status_code = 303
