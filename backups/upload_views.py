"""Resumable uploads by tus 1.0 (creation, termination): https://tus.io/protocols/resumable-upload.

The client asks with HEAD how much is there and sends the rest with PATCH. A refusal carries its sentence as text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backups.domain.upload_errors import (
    SqlFileInUseError,
    UploadConflictError,
    UploadMissingError,
    UploadNoRoomError,
    UploadOverrunError,
    UploadTooLargeError,
)
from backups.messages import error_sentence
from backups.models import SqlFile
from backups.services import uploading
from oobsite.accounts.actors import Actor, actor_of
from oobsite.errors import OobError

VERSION = "1.0.0"
BLOCK_BYTES = 256 * 1024
SILENCE_SECONDS = 60
PATCH_TYPE = "application/offset+octet-stream"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_STATUS: dict[type[OobError], int] = {
    SqlFileInUseError: 423,
    UploadConflictError: 409,
    UploadMissingError: 404,
    UploadNoRoomError: 507,
    UploadOverrunError: 413,
    UploadTooLargeError: 413,
}


class _BadRequestError(Exception):
    """A header of the protocol is missing or wrong; ``status`` is the answer."""

    def __init__(self, status: int = 400) -> None:
        super().__init__()
        self.status = status


def _tus(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """Speak the protocol: its version, its headers, its answers. There is no login page for a program: 403."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _may_upload(request):
            response = HttpResponse(status=403)
        elif request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            response = HttpResponse(status=412)
        else:
            response = _answer(lambda: view(request, *args, **kwargs))
        response["Tus-Resumable"] = response["Tus-Version"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    return door


def _may_upload(request: HttpRequest) -> bool:
    user = request.user
    return user.is_active and user.is_staff and user.has_perm(uploading.PERMISSION)


def _answer(act: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return act()
    except _BadRequestError as error:
        return HttpResponse(status=error.status)
    except OobError as error:
        text = error_sentence(error)
        return HttpResponse(text, content_type="text/plain; charset=utf-8", status=_STATUS.get(type(error), 503))


@require_http_methods(["OPTIONS", "POST"])
@_tus
def sql_uploads(request: HttpRequest) -> HttpResponse:
    if request.method == "OPTIONS":
        headers = {"Tus-Extension": "creation,termination", "Tus-Max-Size": str(uploading.largest_upload())}
        return HttpResponse(status=204, headers=headers)
    size, title = _number(request, "Upload-Length"), _title(request.headers.get("Upload-Metadata", ""))
    file = uploading.begin_upload(actor_of(request), title, size)
    return HttpResponse(status=201, headers={"Location": reverse("backups:sql-upload", args=[file.uid])})


@require_http_methods(["OPTIONS", "HEAD", "PATCH", "DELETE"])
@_tus
def sql_upload(request: HttpRequest, uid: str) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Tus-Extension": "creation,termination"})
    actor = actor_of(request)
    file = uploading.find_upload(actor, uid)
    if request.method == "HEAD":
        offset = uploading.settle_upload(actor, file)
        return HttpResponse(headers={"Upload-Offset": str(offset), "Upload-Length": str(file.size)})
    return _take(request, actor, file) if request.method == "PATCH" else _give_up(actor, file)


def _take(request: HttpRequest, actor: Actor, file: SqlFile) -> HttpResponse:
    if request.content_type != PATCH_TYPE:
        raise _BadRequestError(415)
    offset = uploading.continue_upload(actor, file, _number(request, "Upload-Offset"), _blocks(request))
    return HttpResponse(status=204, headers={"Upload-Offset": str(offset)})


def _give_up(actor: Actor, file: SqlFile) -> HttpResponse:
    if file.is_complete:
        raise _BadRequestError(403)  # a complete file is deleted by its button
    uploading.delete_sql_file(actor, file)
    return HttpResponse(status=204)


def _number(request: HttpRequest, header: str) -> int:
    text = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise _BadRequestError
    return int(text)


def _title(metadata: str) -> str:
    """The name that the file has where it comes from, of ``filename <base64>,…``; shown, never used as a path."""
    pairs = [pair.split() for pair in metadata.split(",")]
    encoded = next((pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "filename"), "")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _BadRequestError from error
    name = _CONTROL.sub("", re.split(r"[/\\]", text)[-1]).strip()
    return name[:255] or _("SQL file")


def _blocks(request: HttpRequest) -> Iterator[bytes]:
    """The body as it comes, to its end or until the client is gone.

    One that was unplugged sends nothing and no end either: its thread must not wait for ever.
    """
    connection = request.META.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(SILENCE_SECONDS)
    with suppress(UnreadablePostError):
        while block := request.read(BLOCK_BYTES):
            yield block
