"""What the demo remembers of its own loading."""

from __future__ import annotations

from django.db import models


class Anchor(models.Model):
    """An instant kept under a name: `anchor` is the one every demo date is counted from, `step:<name>` says what is loaded."""

    key = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} {self.at:%Y-%m-%d %H:%M}"
