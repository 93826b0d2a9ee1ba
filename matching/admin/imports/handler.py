"""Takes an uploaded file in from the form: straight to a file beside the uploads, never into memory."""

import hashlib
import logging
import tempfile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import (
    FileUploadHandler,
    SkipFile,
    StopUpload,
    TemporaryFileUploadHandler,
)

logger = logging.getLogger(__name__)


class ArrivingFile(TemporaryUploadedFile):
    """A file in the folder of uploads, from where it need only be moved.

    Its name there is ours: Django's would end as theirs does, which may be too long.
    """

    def __init__(self, name: str, content_type: str | None, charset: str | None) -> None:
        settings.UPLOADS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        file: Any = tempfile.NamedTemporaryFile(prefix="arriving.", dir=settings.UPLOADS_DIR)  # noqa: SIM115 - closed with the request
        UploadedFile.__init__(self, file, name, content_type, 0, charset)


class UploadHandler(TemporaryFileUploadHandler):
    """Writes the form's one file, and hashes it as it comes.

    The file is there only if all of it has come; then it has `digest`, the SHA-256 of its content.
    """

    error: OSError | None = None  # why the file could not be written

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        if field_name != "file" or hasattr(self, "file"):
            raise SkipFile
        FileUploadHandler.new_file(self, field_name, file_name, *args, **kwargs)
        self.digest = hashlib.sha256()
        try:
            self.file = ArrivingFile(file_name, self.content_type, self.charset)
        except OSError as error:
            self.stop(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.digest.update(raw_data)
        try:
            self.file.write(raw_data)
        except OSError as error:
            self.stop(error)

    def file_complete(self, file_size: int) -> Any:
        try:
            self.file.flush()
        except OSError as error:
            self.stop(error)
        file: Any = super().file_complete(file_size)
        file.digest = self.digest.hexdigest()
        return file

    def stop(self, error: OSError) -> None:
        """Raises: StopUpload. What comes after is not read."""
        logger.error("an upload could not be written: %s", error)
        self.error = error
        raise StopUpload(connection_reset=True)
