"""The message about deadlines that moved; its texts are in templates/incidents/messages."""

from municipality.notifications.registry import MessageKind


class DeadlinesMoved(MessageKind):
    """`part` is what did not work and `items` the list of deadlines, both bilingual; `more` is how many are not listed."""

    kind = "incidents.deadlines_moved"
    page = "/status/"
    samples = {"more": 3}
