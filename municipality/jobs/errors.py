"""Why a job does not run now."""


class OnHold(Exception):
    """A capability is missing (no Pango, no signer): the job waits `seconds` without using up a try."""

    def __init__(self, capability: str, why: str = "", *, seconds: int = 30) -> None:
        super().__init__(f"{capability}: {why}")
        self.capability, self.seconds = capability, seconds


class PermanentFailure(Exception):
    """The job can never succeed: it is dead at once, and staff must look at it."""


class SomeFailed(Exception):
    """Some rows of a sweep failed and the others are done: the job is tried again."""
