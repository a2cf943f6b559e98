"""Files of every shape: node loads them after a change, and nothing but the named keys differs."""

from __future__ import annotations

import pytest
from nodejs import SHAPES, shapes

from selfservice.domain.settings_js import KEYS, change_settings, new_file, read_settings
from selfservice.domain.settings_js.writing import apply, plan_edits

CHANGES = {
    "schedule.minDuration": 20,
    "schedule.sitename": "Praxis „Zum Löwen“",
    "schedule.confirm": "Guten Tag\nIhr Termin: {*}\u2028\\ 'einfach' \"doppelt\" </script><!-- 😀",
    "smtp.host": "smtp.hin.ch",
    "smtp.port": 465,
    "smtp.pwd": "neu`${x}'\"\\\ufeff\x7f\ud800",
}
every_shape = pytest.mark.parametrize("path", list(shapes()), ids=lambda path: path.name)


def with_changes(loaded, changes):
    """What node must find after a change, made from what it found before."""
    for key, value in changes.items():
        section, name = key.split(".")
        loaded.setdefault(section, {})[name] = value
    return loaded


@every_shape
def test_only_the_named_keys_differ(path, node):
    before = path.read_bytes()
    changed = change_settings(before, CHANGES)
    expected = with_changes(node.load(before, path.suffix), CHANGES)
    assert node.load(changed, path.suffix) == expected


@every_shape
def test_each_key_alone(path, node):
    before = path.read_bytes()
    for key in KEYS:
        value = 17 if key in ("schedule.minDuration", "schedule.maxPerDay", "smtp.port") else "neuer Wert"
        expected = with_changes(node.load(before, path.suffix), {key: value})
        assert node.load(change_settings(before, {key: value}), path.suffix) == expected, key


@every_shape
def test_undoing_gives_the_original_bytes(path):
    before = path.read_bytes()
    edits = plan_edits(before, CHANGES)
    changed, undo, shift = apply(before, edits), [], 0
    for edit in edits:
        start, text = edit.start + shift, edit.text.encode()
        undo.append((start, start + len(text), before[edit.start : edit.end]))
        shift += len(text) - (edit.end - edit.start)
    for start, end, original in reversed(undo):
        changed = changed[:start] + original + changed[end:]
    assert changed == before


@every_shape
def test_a_second_run_changes_nothing(path):
    changed = change_settings(path.read_bytes(), CHANGES)
    assert change_settings(changed, CHANGES) == changed


@every_shape
def test_values_that_are_there_change_nothing(path):
    before = path.read_bytes()
    assert change_settings(before, read_settings(before).values) == before


@every_shape
def test_values_are_read_as_node_reads_them(path, node):
    loaded = node.load(path.read_bytes(), path.suffix)
    for key, found in read_settings(path.read_bytes()).found.items():
        section, name = key.split(".")
        present = loaded.get(section, {})
        assert found.state != "value" or present[name] == found.value
        assert found.state != "missing" or name not in present


@pytest.mark.parametrize("name", ["commented.js", "tabs.js", "crlf.js"])
def test_setting_the_old_value_again_gives_the_original_bytes(name):
    before = (SHAPES / name).read_bytes()
    old = {"schedule.minDuration": 30, "smtp.host": "mail.example.ch", "smtp.pwd": "geheim-eins"}
    changed = change_settings(before, {"schedule.minDuration": 5, "smtp.host": "x", "smtp.pwd": "y"})
    assert changed != before
    assert change_settings(changed, old) == before


def test_the_newlines_of_the_file_are_used():
    changed = change_settings((SHAPES / "crlf.js").read_bytes(), {"schedule.confirm": "{*}"})
    assert b'// ohne Vorwahl\r\n    confirm: "{*}"\r\n  },' in changed
    assert changed.count(b"\n") == changed.count(b"\r\n")


def test_a_new_key_looks_like_its_neighbours():
    changed = change_settings((SHAPES / "tabs.js").read_bytes(), {"smtp.port": 465, "schedule.maxPerDay": 4})
    assert b"\t\t'pwd': 'geheim-eins',\n\t\t'port': 465\n\t},\n" in changed
    assert b"\t\t'sitename': 'Praxis am See',\n\t\t'maxPerDay': 4,\n\t},\n" in changed


def test_a_new_key_in_one_line_of_json():
    changed = change_settings((SHAPES / "one_line.js").read_bytes(), {"schedule.confirm": "{*}"})
    assert b'"sitename":"Praxis am See","confirm":"{*}"},"smtp"' in changed


def test_a_missing_section_is_written_as_its_neighbours():
    content = b'module.exports = {\n\tsmtp: {\n\t\thost: "a",\n\t}, // Mail\n};\n'
    changed = change_settings(content, {"schedule.minDuration": 30, "schedule.maxPerDay": 4})
    section = b"\tschedule: {\n\t\tminDuration: 30,\n\t\tmaxPerDay: 4\n\t},\n"
    assert changed == content.replace(b"};", section + b"};")


@pytest.mark.parametrize("value", ["( /* alt */ 'a' /* neu */ )", "/* alt */ 'a' // neu\n", "(('a'))"])
def test_what_stands_around_a_value_stays(value, node):
    content = f"module.exports = {{smtp: {{host /* Server */ : {value}}}}}".encode()
    changed = change_settings(content, {"smtp.host": "b"})
    assert changed == content.replace(b"'a'", b"'b'")
    assert node.load(changed) == {"smtp": {"host": "b"}}


@pytest.mark.parametrize(
    ("literal", "found"),
    [
        ("0x10", 16),
        ("-5", -5),
        ("+ 465", 465),
        ("1_0", 10),
        ("1e400", None),
        ("465n", None),
        ("010", None),
        ("'465'", "465"),
    ],
)
def test_numbers_are_read_as_javascript_means_them(literal, found):
    one = read_settings(f"module.exports = {{smtp: {{port: {literal}}}}}".encode()).found["smtp.port"]
    assert (one.state, one.value) == ("expression" if found is None else "value", found)


def test_a_latin1_file_gets_plain_ascii():
    changed = change_settings((SHAPES / "latin1.js").read_bytes(), {"schedule.sitename": "Zürich 😀"})
    assert b'sitename: "Z\\u00fcrich \\ud83d\\ude00"' in changed


def test_an_expression_is_shown_and_stays():
    content = (SHAPES / "expressions.js").read_bytes()
    found = read_settings(content).found["smtp.pwd"]
    assert (found.state, found.line) == ("expression", 9)
    assert found.expression == 'process.env.SMTPPASSWORD || "geheim-eins"'
    assert found.expression.encode() in change_settings(content, {"smtp.host": "x"})
    assert "geheim" not in repr(read_settings(content))


def test_an_expression_gives_way_when_it_is_changed(node):
    changed = change_settings((SHAPES / "expressions.js").read_bytes(), {"smtp.pwd": "fest", "smtp.user": "fest"})
    assert node.load(changed)["smtp"] == {"host": "mail.example.ch", "port": 465, "user": "fest", "pwd": "fest"}


def test_what_the_file_sets_up_may_come_from_elsewhere():
    found = read_settings((SHAPES / "expressions.js").read_bytes()).found["smtp.host"]
    assert (found.state, found.line, found.expression) == ("expression", 6, "...STANDARD")


def test_a_new_file_holds_every_value(node):
    values = {key: (3 if key.endswith(("Duration", "PerDay", "port")) else f"Wert {key}") for key in KEYS}
    content = new_file(values)
    assert read_settings(content).values == values
    assert node.load(content)["schedule"]["sitename"] == "Wert schedule.sitename"
