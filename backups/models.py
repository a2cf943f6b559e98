"""Sources, runs and archives. The backup folder is the truth; these rows are its catalogue."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from backups.schedule_models import BackupSchedule, Heartbeat, ScheduleSlot

__all__ = [
    "DUMP_SUFFIX",
    "BackupArchive",
    "BackupRun",
    "BackupSchedule",
    "Heartbeat",
    "KeptData",
    "ScheduleSlot",
    "Source",
    "SqlFile",
    "series_titles",
]

validate_source_name = RegexValidator(
    r"^(?!.*_sql$)[a-z][a-z0-9_-]{0,39}$",
    _("Small letters, figures, - and _, beginning with a letter; the ending _sql is reserved for dumps."),
)


DUMP_SUFFIX = "_sql"


def series_titles() -> dict[str, str]:
    """What people call each series of archives: the title of its source, for dumps with “SQL” behind it."""
    titles = {source.name: str(source) for source in Source.objects.all()}
    return titles | {name + DUMP_SUFFIX: f"{title} (SQL)" for name, title in titles.items()}


class Source(models.Model):
    """One data type with a folder; its name is the beginning of its archives' names."""

    class Kind(models.TextChoices):
        MARIADB = "mariadb", _("MariaDB database")
        FILES = "files", _("Folder with files")
        OWN = "oobsite", _("oobsite itself")

    name = models.CharField(_("name"), max_length=40, unique=True, validators=[validate_source_name])
    title = models.CharField(_("title"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.FILES)
    path = models.CharField(
        _("folder"), max_length=500, blank=True, help_text=_("Absolute, or a name below the folder of sources.")
    )
    is_required = models.BooleanField(
        _("required"), default=True, help_text=_("A backup without a required source counts as failed.")
    )
    is_active = models.BooleanField(_("is backed up"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    is_pruning_stopped = models.BooleanField(
        _("old archives are kept"),
        default=False,
        help_text=_("Set when a new archive was suspiciously small. Clear it when that is as it should be."),
    )

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def folder(self) -> Path:
        """Absolute folder of the data; that of oobsite itself is its data folder."""
        if self.kind == self.Kind.OWN:
            return Path(settings.OOB_DATA_DIR)
        return Path(settings.OOB_SOURCES_DIR) / self.path


def new_run_uid() -> str:
    return uuid.uuid4().hex[:12]


def new_file_uid() -> str:
    return uuid.uuid4().hex


class BackupRun(models.Model):
    """One execution of a job: a backup of several sources, or work on what backups have saved.

    ``request`` is what was asked for, ``result`` what it found, as the service of its action writes and reads them.
    """

    class Action(models.TextChoices):
        BACKUP = "backup", _("Backup")
        PROOF = "proof", _("Proof")
        RESTORE = "restore", _("Restore")
        UNDO = "undo", _("Undoing a restore")
        RELEASE = "release", _("Removing what a restore has kept")
        RETEST = "retest", _("Test of restored data")
        SQL_CHECK = "sqlcheck", _("Check of an SQL file")
        SQL_RESTORE = "sql", _("Restore of an SQL file")
        SALVAGE = "salvage", _("Recovery of what can be read")
        FILES = "files", _("Restore of single files")
        EXPORT = "export", _("Export as SQL")
        VERIFY = "verify", _("Check of older backups")

    class Trigger(models.TextChoices):
        SCREEN = "screen", _("by hand")
        COMMAND = "command", _("command line")
        SCHEDULE = "schedule", _("schedule")
        SAFETY = "safety", _("before a restore")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        WARNINGS = "warnings", _("done, with remarks")
        PARTIAL = "partial", _("partly failed")
        FAILED = "failed", _("failed")
        BUSY = "busy", _("not started")
        INTERRUPTED = "interrupted", _("interrupted")

    OPEN_STATES = (State.QUEUED, State.RUNNING)
    #: In these data change places.
    EXCHANGES = (Action.RESTORE, Action.SQL_RESTORE, Action.UNDO)

    uid = models.CharField(_("run id"), max_length=12, unique=True, default=new_run_uid, editable=False)
    action = models.CharField(_("job"), max_length=10, choices=Action, default=Action.BACKUP)
    trigger = models.CharField(_("started"), max_length=10, choices=Trigger)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by whom")
    )
    request = models.JSONField(_("request"), default=dict)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    stamp = models.CharField(_("stamp"), max_length=24, blank=True)
    requested_at = models.DateTimeField(_("requested at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    is_cancel_requested = models.BooleanField(_("cancel requested"), default=False)
    is_stop_requested = models.BooleanField(_("end of the worker"), default=False, editable=False)
    schedule = models.ForeignKey(
        BackupSchedule, models.SET_NULL, null=True, blank=True, related_name="runs", verbose_name=_("schedule")
    )
    progress = models.JSONField(_("progress"), default=dict)
    log = models.JSONField(_("log"), default=list)
    result = models.JSONField(_("result"), default=dict)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-requested_at"]
        get_latest_by = "requested_at"

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.stamp or self.uid}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


class BackupArchive(models.Model):
    """One file of one source of one run, as the backup folder holds it."""

    class Proof(models.TextChoices):
        NONE = "none", _("not proved yet")
        PROVED = "proved", _("proved")
        FAILED = "failed", _("proof failed")

    class Origin(models.TextChoices):
        OWN = "own", _("oobsite")
        LEGACY = "legacy", _("predecessor")

    name = models.CharField(_("file"), max_length=255, unique=True)
    series = models.CharField(_("source"), max_length=48, db_index=True)
    origin = models.CharField(_("made by"), max_length=8, choices=Origin, default=Origin.OWN)
    run = models.ForeignKey(
        BackupRun, models.SET_NULL, null=True, blank=True, related_name="archives", verbose_name=_("run")
    )
    method = models.CharField(_("method"), max_length=8, blank=True)
    taken_at = models.DateTimeField(_("taken at"), db_index=True)
    size = models.BigIntegerField(_("size"))
    manifest = models.JSONField(_("manifest"), default=dict)
    proof = models.CharField(_("proof"), max_length=8, choices=Proof, default=Proof.NONE)
    proof_report = models.JSONField(_("result of the proof"), default=dict)
    proved_at = models.DateTimeField(_("proved at"), null=True, blank=True)
    verified_at = models.DateTimeField(
        _("last checked"), null=True, blank=True, help_text=_("Read to its end and compared, whatever came of it.")
    )
    is_pinned = models.BooleanField(_("keep for good"), default=False)
    is_safety = models.BooleanField(_("safety backup"), default=False)

    class Meta:
        verbose_name = _("archive")
        verbose_name_plural = _("archives")
        permissions = [
            ("prove_backuparchive", "Can prove archives"),
            ("download_backuparchive", "Can download archives"),
            ("restore_backuparchive", "Can restore archives"),
        ]
        ordering = ["-taken_at", "series"]
        get_latest_by = "taken_at"

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return Path(settings.OOB_BACKUP_DIR) / self.name

    @property
    def is_on_disk(self) -> bool:
        """Whether the file is there, with the size that the catalogue knows."""
        try:
            return self.path.stat().st_size == self.size
        except OSError:
            return False

    @property
    def warning_count(self) -> int:
        """Remarks and skipped files of the manifest."""
        return len(self.manifest.get("warnings", [])) + int(self.manifest.get("skipped_total", 0))


class KeptData(models.Model):
    """What a restore has kept beside the live data of its sources; their folders are the truth."""

    class Kind(models.TextChoices):
        FOLDERS = "folders", _("in its folders")
        SQL = "sql", _("on the database server")

    class Phase(models.TextChoices):
        PLACED = "placed", _("restored, not tested")
        KEPT = "kept", _("restored")
        UNDONE = "undone", _("undone")
        DAMAGED = "damaged", _("record damaged")

    restore_id = models.CharField(_("run id"), max_length=40, unique=True)
    kind = models.CharField(_("where"), max_length=8, choices=Kind, default=Kind.FOLDERS)
    phase = models.CharField(_("state"), max_length=8, choices=Phase)
    sources = models.JSONField(_("sources"), default=list)
    created_at = models.DateTimeField(_("restored at"))
    until = models.DateTimeField(_("kept until"))

    class Meta:
        verbose_name = _("data kept by a restore")
        verbose_name_plural = _("data kept by restores")
        ordering = ["-created_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.restore_id

    @property
    def can_undo(self) -> bool:
        return self.phase not in (self.Phase.UNDONE, self.Phase.DAMAGED)


class SqlFile(models.Model):
    """An SQL file in our own folder: uploaded, or made by us from an archive."""

    class Origin(models.TextChoices):
        UPLOAD = "upload", _("uploaded")
        SALVAGE = "salvage", _("recovered from a damaged archive")
        EXPORT = "export", _("exported from an archive")

    uid = models.CharField(_("id"), max_length=32, unique=True, default=new_file_uid, editable=False)
    title = models.CharField(_("file"), max_length=255)
    origin = models.CharField(_("made by"), max_length=8, choices=Origin)
    size = models.BigIntegerField(_("size"))
    is_complete = models.BooleanField(_("complete"), default=False)
    created_at = models.DateTimeField(_("begun at"), auto_now_add=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by whom")
    )
    run = models.ForeignKey(
        BackupRun, models.SET_NULL, null=True, blank=True, related_name="sql_files", verbose_name=_("run")
    )

    class Meta:
        verbose_name = _("SQL file")
        verbose_name_plural = _("SQL files")
        ordering = ["-created_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.title

    @property
    def path(self) -> Path:
        """Under a name of ours, whatever it was called where it came from."""
        return Path(settings.OOB_SQL_DIR) / f"{self.uid}.sql"
