"""Jobs of uploads."""

from contextlib import suppress

from municipality.jobs.errors import OnHold
from municipality.jobs.registry import every, job
from municipality.kernel.errors import TransitionRefused
from municipality.uploads import file_names, parts, services
from municipality.uploads.inspection import look_at
from municipality.uploads.malware import ScannerAway, scanner
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState


@job("uploads.inspect", queue="urgent", time_limit=90)  # its sender waits for it, and no paper that is drawn does
def inspect(*, upload_id: int) -> None:
    """Scan a file that arrived and draw it anew, no transaction open meanwhile. Waits while the scanner is away."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.state != UploadState.CHECKING:
        return
    with suppress(TransitionRefused):  # its sender took it back meanwhile
        path = parts.path(upload.public_id)
        if not path.exists():
            services.refuse(upload, "lost")
            return
        try:
            found = scanner().scan(path)
        except ScannerAway as away:
            raise OnHold("scanner", str(away)) from away
        if found:
            services.refuse(upload, "infected", found=found)
            return
        seen = look_at(path, file_names.kind_of(parts.head(upload.public_id, file_names.HEAD)))
        if isinstance(seen, str):
            services.refuse(upload, seen)
        else:
            services.accept(upload, seen)


@every("uploads.expire_unfinished", seconds=3600)
def expire_unfinished() -> None:
    services.expire_unfinished()


@every("uploads.sweep", seconds=3600)
def sweep() -> None:
    services.sweep()
