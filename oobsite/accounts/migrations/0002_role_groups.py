"""Roles become groups; whoever was a superuser is an owner. What each group may do is set after every migration."""

import oobsite.accounts.models
from django.db import migrations

GROUPS = {"owner": "Inhaber", "care": "Betreuung", "reader": "Einsicht"}


def make_groups(apps, _schema_editor):
    User, Group = apps.get_model("accounts", "User"), apps.get_model("auth", "Group")
    User.objects.filter(is_superuser=True).update(role="owner")
    User.objects.filter(role="owner").update(is_superuser=True)
    User.objects.update(is_staff=True)
    for role, name in GROUPS.items():
        group, _is_new = Group.objects.get_or_create(name=name)
        for user in User.objects.filter(role=role):
            user.groups.set([group])
            user.user_permissions.clear()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AlterModelManagers("user", [("objects", oobsite.accounts.models.UserManager())]),
        migrations.RunPython(make_groups, migrations.RunPython.noop),
    ]
