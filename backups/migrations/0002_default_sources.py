"""The five data types of the predecessor's manual, and oobsite itself."""

from django.db import migrations

DEFAULT_SOURCES = [
    ("elexisdb", "Elexis", "mariadb", True, 10),
    ("webelexisdata", "Webelexis", "files", True, 20),
    ("pacsdata", "PACS", "files", True, 30),
    ("lucindadata", "Lucinda (Dokumente)", "files", False, 40),
    ("lucindabase", "Lucinda (Index)", "files", False, 50),
    ("oobsite", "oobsite", "oobsite", True, 1000),
]


def create_sources(apps, schema_editor):
    Source = apps.get_model("backups", "Source")
    for name, title, kind, is_required, order in DEFAULT_SOURCES:
        path = "" if kind == "oobsite" else name
        Source.objects.create(
            name=name, title=title, kind=kind, path=path, is_required=is_required, order=order
        )


class Migration(migrations.Migration):
    dependencies = [("backups", "0001_initial")]
    operations = [migrations.RunPython(create_sources, migrations.RunPython.noop)]
