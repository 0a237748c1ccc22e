"""A report changes with the violation that came of it: other systems, which ask for what changed since a time, get it again."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from municipality.kernel.workflow import WORKFLOWS
from reports.models import Report
from reports.public_page.chain import MOVES
from violations.models import ViolationEvent
from violations.states import VIOLATION

# Moves after which the course of the report or what is told of its result reads otherwise.
_TELLING = {*MOVES, *(name for name in WORKFLOWS[VIOLATION].moves if name.startswith(("reopen", "back_to_")))}


@receiver(post_save, sender=ViolationEvent)
def change(sender: Any, instance: ViolationEvent, **_facts: Any) -> None:
    """In the transaction of the move."""
    if instance.move in _TELLING:
        Report.objects.filter(consequences__violation=instance.subject_id).update(updated_at=instance.at)
