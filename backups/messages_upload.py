"""Sentences for uploads: what happened, what is untouched, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

UPLOAD_SENTENCES: dict[str, Promise] = {
    "upload-missing": _("This file is not there any more. Nothing else was changed. Choose it once more."),
    "upload-conflict": _(
        "Another window is uploading the same file. What has arrived is kept. Close one of them, then go on."
    ),
    "upload-overrun": _(
        "The file has grown while it was uploaded. Delete the upload and choose the file once more when nobody writes "
        "to it any more."
    ),
    "upload-too-large": _(
        "The file is too large for an upload: at most %(size)s are allowed (OOB_UPLOAD_MAX_GB). Nothing was changed. "
        "Copy it into the backup folder and choose it there."
    ),
    "upload-no-room": _(
        "oobsite's disk has no room for this file: about %(missing)s are missing. The data of the practice and the "
        "backups are untouched. Delete uploaded files that nobody needs any more, or copy the file into the backup "
        "folder and choose it there."
    ),
    "sql-file-in-use": _(
        "“%(name)s” is being used by a job and was not deleted. Wait until the job has ended, then try again."
    ),
}
