"""Rights as SHOW GRANTS tells them; a stand-in for a connection answers queries."""

from __future__ import annotations

import pytest

from backups.domain.errors import RightsMissingError
from backups.domain.mariadb import rights

BACKUP = [
    "GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO `b`@`%` IDENTIFIED BY PASSWORD '*AB'",
    "GRANT SELECT, EVENT, TRIGGER, SHOW VIEW ON `elexisoob`.* TO `b`@`%`",
    "GRANT SELECT ON `mysql`.`proc` TO `b`@`%`",
]


class Answers:
    """A connection and cursor that answers by the query."""

    def __init__(self, grants, **values):
        self.answers = {"SHOW GRANTS": [(line,) for line in grants]}
        self.answers |= {"SELECT @@log_bin": [(values.get("log_bin", 0),)]}
        self.answers |= {"SELECT VERSION()": [(values.get("version", "10.11.6-MariaDB"),)]}

    def cursor(self):
        return self

    def execute(self, query, _parameters=None):
        self.found = self.answers[query]

    def fetchall(self):
        return self.found

    def close(self):
        pass


def grants_of(*lines):
    return rights.read_grants(Answers(lines))


def test_the_account_of_dbgrants_lacks_nothing():
    conn = Answers(BACKUP, log_bin=1)
    grants = rights.read_grants(conn)
    assert rights.missing_for_hot(conn, grants) == []
    assert rights.missing_for_dump(conn, grants, "elexisoob") == []


def test_each_missing_right_is_told_as_the_words_of_a_grant():
    conn = Answers(["GRANT USAGE ON *.* TO `b`@`%`"])
    grants = rights.read_grants(conn)
    assert rights.missing_for_hot(conn, grants) == ["RELOAD ON *.*", "PROCESS ON *.*", "LOCK TABLES ON *.*"]
    assert rights.missing_for_counts(grants, "elexisoob") == ["SELECT ON `elexisoob`.*"]
    assert rights.missing_for_dump(conn, grants, "elexisoob")[-1] == "SELECT ON `mysql`.`proc`"


def test_the_old_name_of_a_right_is_the_same_right():
    conn = Answers(["GRANT RELOAD, PROCESS, LOCK TABLES, REPLICATION CLIENT ON *.* TO `b`@`%`"], log_bin=1)
    assert rights.missing_for_hot(conn, rights.read_grants(conn)) == []


def test_all_privileges_are_all():
    conn = Answers(["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"], log_bin=1)
    grants = rights.read_grants(conn)
    assert rights.missing_for_hot(conn, grants) == []
    assert rights.missing_for_restore(grants, "elexisoob") == []


def test_rights_on_another_database_do_not_count():
    assert rights.missing_for_counts(grants_of("GRANT SELECT ON `other`.* TO `b`@`%`"), "elexisoob") != []


def test_rights_on_one_table_do_not_count_for_the_database():
    assert rights.missing_for_counts(grants_of("GRANT SELECT ON `elexisoob`.`kontakt` TO `b`@`%`"), "elexisoob") != []


def test_rights_on_columns_do_not_count_for_the_database():
    line = "GRANT SELECT (`id`, `name`) ON `elexisoob`.`kontakt` TO `b`@`%`"
    assert rights.missing_for_counts(grants_of(line), "elexisoob") != []


@pytest.mark.parametrize(("scope", "is_covered"), [("elexis%", True), (r"elexis\_%", False), ("elexis_ob", True)])
def test_wildcards_in_a_scope_cover_what_the_server_says(scope, is_covered):
    missing = rights.missing_for_counts(grants_of(f"GRANT SELECT ON `{scope}`.* TO `b`@`%`"), "elexisoob")
    assert (missing == []) is is_covered


def test_since_11_3_routines_have_a_right_of_their_own():
    conn = Answers(BACKUP[:2], version="11.4.2-MariaDB")
    grants = rights.read_grants(conn)
    assert rights.missing_for_dump(conn, grants, "elexisoob") == ["SHOW CREATE ROUTINE ON `elexisoob`.*"]


def test_what_is_missing_ends_the_backup_with_the_list():
    with pytest.raises(RightsMissingError) as caught:
        rights.require("b", ["RELOAD ON *.*"])
    assert caught.value.rights == ["RELOAD ON *.*"]
    rights.require("b", [])


def test_the_statements_hold_no_password_and_only_a_restore_may_write():
    backup = rights.make_grant_statements("b", "elexisoob", for_restore=False, version=(10, 3, 0))
    assert "IDENTIFIED BY '<password>'" in backup[0]
    assert not any("ALL ON" in line or "SHUTDOWN" in line for line in backup)
    restore = rights.make_grant_statements("b", "elexisoob", for_restore=True, version=(11, 4, 0))
    assert "GRANT SHUTDOWN ON *.* TO 'b'@'%';" in restore
    assert "SHOW CREATE ROUTINE" in restore[3]
