"""Progress of loading the demo."""

from __future__ import annotations

from django.db import models


class Anchor(models.Model):
    """A named instant: `anchor`, which all dates of the demo are relative to, or `step:<name>` of a loaded step."""

    key = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} {self.at:%Y-%m-%d %H:%M}"
