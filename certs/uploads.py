"""How files of a form arrive: in memory and cut off, so that no key ever touches a disk and no upload fills one."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from certs.domain.reading import MOST_BYTES


class CutOffUploadHandler(FileUploadHandler):
    """Keeps one byte more than is allowed: the form sees that a file is too large, and what follows is dropped."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._file.write(raw_data[: max(0, MOST_BYTES + 1 - self._file.tell())])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        size = self._file.tell()
        self._file.seek(0)
        return InMemoryUploadedFile(
            self._file, self.field_name, self.file_name, self.content_type, size, self.charset, self.content_type_extra
        )
