"""A model with a secret, which no registry knows, and its table. Tests patch it in where all models are asked for."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from oobsite.fields import EncryptedTextField
from oobsite.keys import FIELD_KEYS_NAME, make_field_key, write_field_keys

with isolate_apps("oobsite.apps.OobsiteConfig"):

    class Safe(models.Model):
        name = models.CharField(max_length=20, default="x")
        combination = EncryptedTextField(blank=True)

        class Meta:
            app_label = "oobsite"
            db_table = "test_safe"

        def __str__(self) -> str:
            return self.name


@pytest.fixture
def safes(db, settings, tmp_path):
    """The table, and a data folder with a key."""
    settings.OOB_DATA_DIR = tmp_path
    write_field_keys(tmp_path / FIELD_KEYS_NAME, [make_field_key()])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE test_safe (id integer PRIMARY KEY, name text, combination text NOT NULL)")
    yield tmp_path / FIELD_KEYS_NAME
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_safe")


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT combination FROM test_safe")
        return cursor.fetchone()[0]
