"""The row that holds the end of the chain; the database refuses to change or delete events."""

from django.db import migrations

from oobsite.audit.triggers import create_triggers, drop_triggers


def make(apps, schema_editor):
    apps.get_model("audit", "AuditHead").objects.get_or_create(pk=1)
    create_triggers(schema_editor.connection)


def remove(_apps, schema_editor):
    drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(make, remove)]
