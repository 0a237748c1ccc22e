"""The type of a text that people read."""

from django.utils.functional import Promise

Text = str | Promise  # translated already, or lazily
