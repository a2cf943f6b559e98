"""What a user must have agreed to before data change places: who works with them is cut off or has been stopped."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from backups.domain.errors import LoginRefusedError, ServerUnreachableError
from backups.domain.mariadb.server import practice_connection
from backups.domain.restore.check import list_lasting_clients
from backups.domain.restore.errors import ClientsConnectedError, FoldersNotConfirmedError, OrderOutdatedError
from backups.models import BackupRun, Source
from backups.services import config, containers
from backups.services.restorerequest import RestoreRequest, UndoRequest


def require_agreement(sources: Sequence[Source], request: RestoreRequest | UndoRequest) -> None:
    """Raises ``FoldersNotConfirmedError``, ``ClientsConnectedError``, and as ``check_containers``."""
    containers.check_containers()
    folders = [str(source) for source in list_unguarded(sources)]
    if folders and not request.are_folders_idle:
        raise FoldersNotConfirmedError(folders)
    clients = list_connected(sources)
    if clients and not request.are_clients_accepted:
        raise ClientsConnectedError(clients)


def list_unguarded(sources: Sequence[Source]) -> list[Source]:
    """Plain folders whose programs only the user can stop."""
    if containers.are_stopped_by_us():
        return []
    return [source for source in sources if source.kind != Source.Kind.MARIADB]


def require_up_to_date(run: BackupRun) -> None:
    """Raise ``OrderOutdatedError`` when another exchange has ended since ``run`` was ordered: whoever ordered it has
    looked at other data."""
    others = BackupRun.objects.filter(action__in=BackupRun.EXCHANGES, started_at__isnull=False).exclude(pk=run.pk)
    since = others.filter(ended_at__gt=run.requested_at, ended_at__lte=timezone.now())  # not of a clock that was ahead
    if since.exclude(state=BackupRun.State.BUSY).exists():
        raise OrderOutdatedError


def list_connected(sources: Sequence[Source]) -> list[str]:
    """Who uses the database that would be stopped; nobody when it is down."""
    if not any(source.kind == Source.Kind.MARIADB for source in sources):
        return []
    try:
        with practice_connection(config.practice_access()) as conn:
            return list_lasting_clients(conn)
    except (ServerUnreachableError, LoginRefusedError):  # the check judges that
        return []
