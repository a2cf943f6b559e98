""" "What would I lose?": the present data beside those of archives, from counts alone, so that it answers at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from backups.domain.errors import DamagedArchiveError, NoSpaceError
from backups.domain.mariadb.counts import count_core, find_database, list_tables, read_figures
from backups.domain.mariadb.server import parse_version, practice_connection, read_version
from backups.domain.restore.check import SPACE_SHARE, list_clients, require_room
from backups.domain.restore.errors import ServerDiffersError, WorkerSilentError
from backups.models import BackupArchive, Source
from backups.services import catalogue, config, containers
from backups.services.consent import list_unguarded
from backups.services.targets import Target, choose_targets, proof_failure
from oobsite.errors import OobError
from oobsite.files import free_bytes


@dataclass(frozen=True)
class _Measure:
    """Where a figure stands in the counts of a manifest: rows of these tables and figures, newest of these dates."""

    code: str
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


_MEASURES = (
    _Measure("patients", figures=("patients",)),
    _Measure("consultations", ("behandlungen",), dates=("last_consultation",)),
    _Measure("invoices", ("rechnungen",), dates=("last_invoice",)),
    _Measure("appointments", ("agntermine",), dates=("last_appointment",)),
    _Measure("documents", ("heap", "heap2"), ("documents",), ("last_letter", "last_document")),
)
_COUNTED = {table for measure in _MEASURES for table in measure.tables}
_NEEDED = {*_COUNTED, "kontakt", "ch_elexis_omnivore_data"}


@dataclass(frozen=True)
class Figure:
    """One number of the practice, in the archive and now; None where it is not known. ``lost``: how many fewer."""

    code: str
    archived: int | None
    live: int | None
    newest_archived: date | None
    newest_live: date | None

    @property
    def lost(self) -> int | None:
        if self.archived is None or self.live is None:
            return None
        return max(self.live - self.archived, 0)


@dataclass(frozen=True)
class PreviewItem:
    """One archive and the source that it would replace; sizes in bytes, None where they cannot be told."""

    archive: BackupArchive
    source: Source
    size: int
    needed_bytes: int
    free_bytes: int | None
    proof: str
    version_archived: str
    version_live: str

    @property
    def is_version_different(self) -> bool:
        return _is_other_series(self.version_archived, self.version_live)


@dataclass(frozen=True)
class Preview:
    """What a restore would change. ``problems`` would make it refuse; ``server_error``: why nothing live is known.

    ``folders``: titles of plain folders whose programs the user has to stop; ``stops``: containers that we stop.
    """

    items: tuple[PreviewItem, ...]
    figures: tuple[Figure, ...]
    clients: tuple[str, ...]
    server_error: OobError | None
    age_seconds: float
    problems: tuple[OobError, ...]
    database: str
    folders: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()

    @property
    def total_size(self) -> int:
        return sum(item.size for item in self.items)

    @property
    def titles(self) -> list[str]:
        """What people call the data that would be replaced, in the order of the screens."""
        sources = sorted((item.source for item in self.items), key=lambda source: (source.order, source.name))
        return [str(source) for source in sources]

    @property
    def has_database(self) -> bool:
        return any(item.source.kind == Source.Kind.MARIADB for item in self.items)

    @property
    def is_answered(self) -> bool:
        """Whether the worker has looked; else only the archives are known."""
        return not isinstance(self.server_error, WorkerSilentError)


@dataclass(frozen=True)
class Comparison:
    """Numbers of the practice, those connected to its server, and why nothing live is known."""

    figures: tuple[Figure, ...]
    clients: tuple[str, ...]
    server_error: OobError | None

    @property
    def gone(self) -> list[Figure]:
        """Of what the practice has now, and would have nothing any more."""
        return [figure for figure in self.figures if figure.live and figure.archived == 0]

    @property
    def is_answered(self) -> bool:
        """Whether the worker has looked."""
        return not isinstance(self.server_error, WorkerSilentError)


@dataclass(frozen=True)
class _Live:
    version: str = ""
    clients: tuple[str, ...] = ()
    counts: Mapping[str, Any] | None = None
    error: OobError | None = None


def make_preview(names: Sequence[str]) -> Preview:
    """Compare archives with what is there now. Raises as ``choose_targets``."""
    targets = choose_targets(names)
    has_database = any(target.is_database for target in targets)
    preview = _compose(targets, _look_at_server() if has_database else _Live())
    try:
        return replace(preview, stops=tuple(containers.check_containers()))
    except OobError as error:
        return replace(preview, problems=(*preview.problems, error))


def make_archive_preview(names: Sequence[str], error: WorkerSilentError) -> Preview:
    """What the archives alone tell. Raises as ``choose_targets``."""
    return _compose(choose_targets(names), _Live(error=error))


def _compose(targets: Sequence[Target], live: _Live) -> Preview:
    database = next((target for target in targets if target.is_database), None)
    items = [_make_item(target, live) for target in targets]
    taken_at: datetime = min(target.listed.taken_at for target in targets)
    return Preview(
        items=tuple(items),
        figures=_compare(_counts_of(database), live) if database is not None else (),
        clients=live.clients,
        server_error=live.error,
        age_seconds=(timezone.now() - taken_at).total_seconds(),
        problems=(*_find_joint_problems(targets), *(problem for item in items for problem in _find_problems(item))),
        database=settings.DBNAME,
        folders=tuple(str(source) for source in list_unguarded([target.source for target in targets])),
    )


def _look_at_server() -> _Live:
    access = config.practice_access()
    live = _Live()
    try:
        with practice_connection(access) as conn:
            live = replace(live, version=read_version(conn), clients=tuple(list_clients(conn)))
            name = find_database(conn, access.database)
            tables = list_tables(conn, name) if name is not None else {}
            needed = {table: count for table, count in tables.items() if table.lower() in _NEEDED}
            counts: dict[str, Any] = {"core": {}, "figures": {}}
            if name is not None:
                few = {table: count for table, count in needed.items() if table.lower() in _COUNTED}
                counts = {"core": count_core(conn, name, few), "figures": read_figures(conn, name, needed)}
            return replace(live, counts=counts)
    except OobError as error:
        return replace(live, error=error)


def _make_item(target: Target, live: _Live) -> PreviewItem:
    archive = BackupArchive.objects.filter(name=target.listed.name).first() or catalogue.record(target.listed)
    return PreviewItem(
        archive=archive,
        source=target.source,
        size=target.listed.size,
        needed_bytes=int(target.plain_bytes * SPACE_SHARE),
        free_bytes=free_bytes(target.folder) if target.folder.is_dir() else None,
        proof=archive.proof,
        version_archived=str(target.server.get("version", "")),
        version_live=live.version if target.is_database else "",
    )


def compare_counts(counts: Mapping[str, Any], error: WorkerSilentError | None = None) -> Comparison:
    """Counts of an SQL file beside what is on the practice's server now; ``error``: nobody can look there.

    The whole database is exchanged, so there will be nothing of what the file does not hold.
    """
    live = _look_at_server() if error is None else _Live(error=error)
    figures = _compare(counts, live)
    if counts:
        figures = tuple(replace(figure, archived=figure.archived or 0) for figure in figures)
    return Comparison(figures, live.clients, live.error)


def _counts_of(target: Target) -> Mapping[str, Any] | None:
    before, after = target.counts
    return before or after or None


def _compare(archived: Mapping[str, Any] | None, live: _Live) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            measure.code,
            _count(measure, archived),
            _count(measure, live.counts),
            _newest(measure, archived),
            _newest(measure, live.counts),
        )
        for measure in _MEASURES
    )


def _count(measure: _Measure, counts: Mapping[str, Any] | None) -> int | None:
    if counts is None:
        return None
    core, figures = counts.get("core", {}), counts.get("figures", {})
    found = [core[table] for table in measure.tables if table in core]
    found += [figures[name] for name in measure.figures if name in figures]
    return sum(found) if found else None


def _newest(measure: _Measure, counts: Mapping[str, Any] | None) -> date | None:
    figures = counts.get("figures", {}) if counts is not None else {}
    days = [day for name in measure.dates if (day := _parse_day(figures.get(name))) is not None]
    return max(days, default=None)


def _parse_day(text: object) -> date | None:
    """Elexis writes days as ``20261124``; what is none counts as absent."""
    try:
        return datetime.strptime(str(text), "%Y%m%d").date()
    except ValueError:
        return None


def _find_joint_problems(targets: Sequence[Target]) -> list[OobError]:
    """Whether all of them have room together."""
    try:
        require_room({target.folder: target.plain_bytes for target in targets if target.folder.is_dir()})
    except NoSpaceError as error:
        return [error]
    return []


def _find_problems(item: PreviewItem) -> list[OobError]:
    problems: list[OobError] = []
    if not item.archive.is_on_disk:
        problems.append(DamagedArchiveError(item.archive.path, "size"))
    elif item.proof == BackupArchive.Proof.FAILED:
        problems.append(proof_failure(item.archive.name, item.source))
    if item.is_version_different:
        problems.append(ServerDiffersError("version", item.version_archived, item.version_live))
    return problems


def _is_other_series(archived: str, live: str) -> bool:
    return bool(archived and live) and parse_version(archived)[:2] != parse_version(live)[:2]
