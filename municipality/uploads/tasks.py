"""Jobs of uploads."""

from contextlib import suppress

from municipality.jobs.errors import OnHold
from municipality.jobs.registry import every, job
from municipality.kernel.errors import TransitionRefused
from municipality.uploads import file_names, parts, services
from municipality.uploads.inspection import inspect_file
from municipality.uploads.malware import ScannerUnavailable, scanner
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState


@job("uploads.inspect", queue="urgent", time_limit=90)  # its sender waits for the result
def inspect(*, upload_id: int) -> None:
    """Scan a file and render it anew, outside transactions. On hold while the scanner is unavailable."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.state != UploadState.CHECKING:
        return
    with suppress(TransitionRefused):  # it was removed meanwhile
        path = parts.path(upload.public_id)
        if not path.exists():
            services.refuse(upload, "lost")
            return
        try:
            malware = scanner().scan(path)
        except ScannerUnavailable as away:
            raise OnHold("scanner", str(away)) from away
        if malware:
            services.refuse(upload, "infected", found=malware)
            return
        result = inspect_file(path, file_names.kind_of(parts.head(upload.public_id, file_names.HEAD)))
        if isinstance(result, str):
            services.refuse(upload, result)
        else:
            services.accept(upload, result)


every("uploads.expire_unfinished", seconds=3600)(services.expire_unfinished)
every("uploads.sweep", seconds=3600)(services.sweep)
