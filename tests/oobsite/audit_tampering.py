"""Run by ``manage.py shell`` in an installation of its own: changes the chain past oobsite, prints what is found."""

import json

from django.db import DatabaseError, connection, transaction

from oobsite.audit.models import AuditEvent
from oobsite.audit.triggers import drop_triggers
from oobsite.audit.verifying import check_chain, glance

TABLE = "audit_auditevent"


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def is_refused(statement):
    try:
        with transaction.atomic():
            run(statement)
    except DatabaseError as error:
        return "never changed or deleted" in str(error)
    return False


def found_after(*statements, head=None):
    """The verdict after the statements, which are rolled back."""
    with transaction.atomic():
        run(*statements)
        if head:
            run(f"UPDATE audit_audithead SET count = {head.number}, hash = '{head.hash}'")
        verdict, seen = check_chain(), glance()
        transaction.set_rollback(True)
    return [verdict.problem, verdict.number, seen.problem]


def forge(number, **values):
    """Statements that put an event with correct hashes in the place of ``number``."""
    event = AuditEvent.objects.filter(number=min(number, last.number)).values().get()
    forged = AuditEvent(**{**event, "number": number, **values})
    forged.hash = forged.compute_hash()
    columns = ["actor", "previous_hash", "hash"]
    changed = ", ".join(f"{name} = '{getattr(forged, name)}'" for name in columns)
    return forged, f"UPDATE {TABLE} SET {changed} WHERE number = {number}"


last = AuditEvent.objects.first()
before = AuditEvent.objects.get(number=last.number - 5)
copied = "happened_at, actor, actor_pk, action, object_type, object_pk, object_label, changes_json, ip"
extra, _unused = forge(last.number + 1, previous_hash=last.hash)
insert = (
    f"INSERT INTO {TABLE} (number, {copied}, previous_hash, hash) SELECT {extra.number}, {copied}, "
    f"'{last.hash}', '{extra.hash}' FROM {TABLE} WHERE number = {last.number}"
)
refused = [is_refused(f"UPDATE {TABLE} SET actor = 'x'"), is_refused(f"DELETE FROM {TABLE} WHERE number = 3")]
drop_triggers(connection)
print(
    json.dumps(
        {
            "refused": refused,
            "untouched": found_after(),
            "changed": found_after(f"UPDATE {TABLE} SET actor = 'nobody' WHERE number = 7"),
            "changed with its hash": found_after(forge(7, actor="nobody")[1]),
            "removed": found_after(f"DELETE FROM {TABLE} WHERE number = 9"),
            "first removed": found_after(f"DELETE FROM {TABLE} WHERE number = 1"),
            "inserted": found_after(insert, head=extra),
            "reordered": found_after(
                f"UPDATE {TABLE} SET number = 100000 WHERE number = 4",
                f"UPDATE {TABLE} SET number = 4 WHERE number = 5",
                f"UPDATE {TABLE} SET number = 5 WHERE number = 100000",
            ),
            "cut off": found_after(f"DELETE FROM {TABLE} WHERE number > {before.number}"),
            "cut off with the head": found_after(f"DELETE FROM {TABLE} WHERE number > {before.number}", head=before),
            "emptied": found_after(f"DELETE FROM {TABLE}", "DELETE FROM audit_audithead"),
            "last": last.number,
        }
    )
)
