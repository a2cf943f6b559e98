"""Whether the chain is whole, and where it breaks first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from oobsite.accounts.actors import Actor
from oobsite.audit.chain import GENESIS, JSON
from oobsite.audit.models import AuditEvent, AuditHead
from oobsite.audit.services import data_dir, lock_head, record
from oobsite.audit.witness import Witness, begin_witness, last_stored, read_witness

_CHUNK = 2000


@dataclass(frozen=True)
class Verdict:
    """``problem`` is empty when the chain is whole, else a code of ``messages.PROBLEMS``; ``number``: where."""

    count: int
    problem: str = ""
    number: int = 0

    @property
    def is_intact(self) -> bool:
        return not self.problem

    @property
    def is_doubtful(self) -> bool:
        """Nothing speaks against the chain, but the second record that could is missing."""
        return self.problem == "witness-missing"


def verify(actor: Actor) -> Verdict:
    """Check every event, and record that and with which result it was done."""
    verdict = check_chain()
    record(actor, "audit.verified", None, _details(verdict))
    return verdict


def _details(verdict: Verdict) -> dict[str, JSON]:
    found: dict[str, JSON] = {} if verdict.is_intact else {"problem": verdict.problem, "number": verdict.number}
    return {"count": verdict.count, **found}


def check_chain() -> Verdict:
    """Read all events in their order; the first that does not fit ends it. Events written meanwhile do no harm."""
    last = _last_number()
    witness = read_witness(data_dir())  # after the last event was read: it knows at least as much
    expected, previous = 1, GENESIS
    for event in AuditEvent.objects.filter(number__lte=last).order_by("number").iterator(_CHUNK):
        problem = _problem(event, expected, previous, witness)
        if problem:
            return Verdict(AuditEvent.objects.count(), problem, min(event.number, expected))
        expected, previous = event.number + 1, event.hash
    verdict = _judge_end(last, witness.last)
    is_witnessed = not last or witness.first == 1
    return verdict if is_witnessed or not verdict.is_intact else Verdict(last, "witness-missing")


def _problem(event: AuditEvent, expected: int, previous: str, witness: Witness) -> str:
    if event.number != expected:
        return "removed"
    if event.compute_hash() != event.hash or witness.stored.get(event.number, event.hash) != event.hash:
        return "changed"
    if event.previous_hash != previous:
        return "order"
    if 0 < witness.first <= event.number and (event.number, event.hash) not in witness.announced:
        return "inserted"
    return ""


def glance() -> Verdict:
    """Look at the end of the chain only: cheap enough for every page."""
    stored_number, stored_hash = last_stored(data_dir())  # before the events: they know at least as much
    last = AuditEvent.objects.first()
    if last is None:
        return _judge_end(0, stored_number)
    if last.compute_hash() != last.hash:
        return Verdict(last.number, "changed", last.number)
    if 0 < stored_number <= last.number and not AuditEvent.objects.filter(hash=stored_hash).exists():
        return Verdict(last.number, "changed", stored_number)
    verdict = _judge_end(last.number, stored_number)
    return verdict if stored_number or not verdict.is_intact else Verdict(last.number, "witness-missing")


def _judge_end(last: int, witnessed: int) -> Verdict:
    """Whether events are missing behind ``last``; ``witnessed``: the highest number in the second record."""
    head = AuditHead.objects.first()
    known = max(head.count if head else 0, witnessed)
    if known > last and known > _last_number():
        return Verdict(last, "removed-end", last + 1)
    return Verdict(last)


def _last_number() -> int:
    event = AuditEvent.objects.first()
    return event.number if event else 0


def accept_chain(actor: Actor) -> AuditEvent:
    """Take the events of the database as they are: after it was restored, it has fewer than the second record."""
    with transaction.atomic():
        lock_head()  # nobody announces an event while the second record is exchanged
        begin_witness(data_dir(), _links())
        return record(actor, "audit.accepted")


def _links() -> Iterator[tuple[int, str]]:
    links = AuditEvent.objects.order_by("number").values_list("number", "hash")
    yield from links.iterator(_CHUNK)
