"""Both generations of Webelexis read the file as they do in a practice: by require, and by node-config and the shim."""

from __future__ import annotations

import subprocess

import pytest
from nodejs import SHAPES, read_as_new, read_as_old
from otheruser import run_as

from selfservice.domain import loading
from selfservice.domain.errors import SettingsNotLoadedError
from selfservice.domain.loading import check_loads
from selfservice.domain.rules import SelfServiceValues
from selfservice.domain.settings_js import change_settings, new_file

VALUES = SelfServiceValues(
    name="Praxis am See",
    mail="team@example.ch",
    address="Seeweg 1, 8000 Zürich",
    phone="044 000 00 00",
    appointment_type="Internet",
    duration_minutes=20,
    daily_maximum=4,
    agenda_area="Arzt",
    confirmation="Ihr Termin:\n{*}",
    host="smtp.hin.ch",
    port=465,
    user="praxis",
    password="oobMARK \"p\\w'",
)
PLAIN = ["commented.js", "crlf.js", "one_line.js", "templates.js", "empty.js", "latin1.js"]


@pytest.fixture
def volume(tmp_path):
    folder = tmp_path / "webelexisdata"
    folder.mkdir()
    return folder


def sections(loaded):
    return {f"{section}.{key}": value for section in ("schedule", "smtp") for key, value in loaded[section].items()}


@pytest.mark.parametrize("name", [None, *PLAIN])
def test_both_see_every_value(name, volume, tmp_path):
    values = VALUES.by_key
    content = change_settings((SHAPES / name).read_bytes(), values) if name else new_file(values)
    (volume / "settings.js").write_bytes(content)
    old, new = read_as_old(volume), read_as_new(volume, tmp_path)
    assert values.items() <= sections(old).items()
    assert values.items() <= sections(new).items()


def test_the_shim_passes_on_nothing_else(volume, tmp_path):
    (volume / "settings.js").write_text(
        'module.exports = {docbase: "falsch", port: 2, smtp: {host: "mail.example.ch"}}'
    )
    found = read_as_new(volume, tmp_path)
    assert found["docbase"].endswith("data/docs")
    assert found["port"] == 1
    assert found["smtp"] == {"host": "mail.example.ch", "secure": True}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "module.exports = {",
        "throw new Error('x')",
        "throw null",
        "require('./no')",
        "module.exports = null",
        "//",
        "module.exports = {smtp: 'x', schedule: [1]}",
    ],
)
def test_a_broken_file_leaves_the_rest_alive(text, volume, tmp_path):
    if text is not None:
        (volume / "settings.js").write_text(text)
    found = read_as_new(volume, tmp_path)
    assert found["smtp"] == {"host": "default", "secure": True}
    assert found["schedule"] == {"minDuration": 7}


def test_without_the_shim_a_broken_file_stops_the_old_one(volume):
    (volume / "settings.js").write_text("module.exports = {")
    with pytest.raises(subprocess.CalledProcessError):
        read_as_old(volume)


def test_the_shim_does_not_tell_the_log_what_the_file_says(volume, tmp_path):
    (volume / "settings.js").write_text("module.exports = {smtp: {pwd: geheim}}")
    read_as_new(volume, tmp_path)
    command = ["node", "-e", f"require({str(tmp_path / 'server/config/local.js')!r})"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "settings.js cannot be used: ReferenceError" in told
    assert "geheim" not in told


# --- the proof by node -------------------------------------------------------------------------------------
def test_a_file_that_loads_is_proved():
    assert check_loads(new_file(VALUES.by_key), VALUES.by_key)
    assert check_loads(b"\xef\xbb\xbfmodule.exports = {smtp: {port: 465}}", {"smtp.port": 465})
    assert check_loads((SHAPES / "es_export.mjs").read_bytes(), {"schedule.minDuration": 30})


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("const a = 1\nconst a = 2\nmodule.exports = {smtp: {host: 'x'}}", "SyntaxError", 2),
        ("\n\nmodule.exports = {smtp: {host: geheim}}", "ReferenceError", 3),
        ("module.exports = {smtp: {host: 'other'}}", "values", 0),
        ("module.exports = {smtp: {}}", "values", 0),
        ("process.exit(0)", "crash", 0),
        ("\nrequire('./geheim')", "MODULE_NOT_FOUND", 2),
    ],
)
def test_a_file_that_does_not_is_named(text, reason, line):
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(text.encode(), {"smtp.host": "x"})
    assert (caught.value.reason, caught.value.line) == (reason, line)
    assert "geheim" not in repr(caught.value)


def test_a_file_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(loading, "SECONDS", 0.5)
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(b"while (true) {}", {})
    assert caught.value.reason == "timeout"


def test_what_could_not_be_loaded_here_before_proves_nothing():
    before = b"const x = require('./beside'); module.exports = {smtp: {port: 1}}"
    assert check_loads(before.replace(b"1", b"465"), {"smtp.port": 465}, before=before) is False


def test_what_lies_beside_the_file_is_found(folder):
    (folder / "beside.js").write_text("module.exports = 465")
    content = b"module.exports = {smtp: {port: 465, host: require('./beside')}}"
    assert check_loads(content, {"smtp.port": 465}, path=folder / "settings.js")


def test_what_lies_elsewhere_is_not_read(folder):
    volume = folder / "webelexisdata"
    volume.mkdir()
    (folder / "keys").write_text("oobMARK")
    content = f"module.exports = {{smtp: {{port: 465, host: require('fs').readFileSync('{folder}/keys')}}}}"
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(content.encode(), {"smtp.port": 465}, path=volume / "settings.js")
    assert caught.value.reason == "ERR_ACCESS_DENIED"


def test_without_limits_and_without_another_user_the_file_does_not_run(folder, fake_tool):
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    fake_tool("node", 'case "$*" in *permission*) exit 9;; esac; exec {real} "$@"')
    content = f"require('fs').writeFileSync('{folder}/open/mark', '')\nmodule.exports = {{}}".encode()
    assert run_as(1000, lambda: check_loads(content, {})) == ""
    assert list((folder / "open").iterdir()) == []
    check_loads(content, {})  # as root it runs as another one
    assert len(list((folder / "open").iterdir())) == 1


def test_a_file_that_prints_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(loading, "_MOST_OUTPUT", 100_000)
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(b"while (true) try { require('fs').writeSync(1, 'x'.repeat(4096)) } catch {}", {})
    assert caught.value.reason == "crash"


@pytest.mark.parametrize("answer", ["", "{}", "[1]", '{"kind": "", "line": "x", "found": [1]}', "[" * 9000, "{"])
def test_an_answer_that_the_file_has_made_up_is_none(answer):
    content = f"require('fs').writeSync(1, '\\n\\x1eoob {answer}\\n'); process.exit(0)"
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(content.encode(), {"smtp.port": 465})
    assert caught.value.reason == "crash"


def test_what_the_file_calls_its_error_is_not_told():
    content = b"throw Object.assign(new Error(), {code: 'oobMARK geheim-7'})"
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(content, {})
    assert caught.value.reason == "Error"


def test_a_node_that_does_not_even_start_has_crashed(fake_tool):
    fake_tool("node", "exit 1")
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(b"//" + b"x" * 500_000 + b"\nmodule.exports = {}", {})
    assert caught.value.reason == "crash"


def test_values_beside_ours_may_be_of_any_kind():
    content = b"const a = {}; a.a = a\nmodule.exports = {smtp: {port: 465, big: 10n, a, at: new Date(), f() {}}}"
    assert check_loads(content, {"smtp.port": 465})


def test_a_module_whose_values_cannot_be_read_is_named():
    content = b"export default {smtp: {get host() { throw new RangeError('x') }}}"
    with pytest.raises(SettingsNotLoadedError) as caught:
        check_loads(content, {})
    assert caught.value.reason == "RangeError"


@pytest.mark.parametrize(
    "code", ["require('fs').writeFileSync('{0}', 'x')", "require('child_process').execSync('touch {0}')"]
)
def test_the_file_may_change_nothing_here(code, folder):
    folder.chmod(0o777)
    content = f"{code.format(folder / 'mark')}\nmodule.exports = {{}}".encode()
    with pytest.raises(SettingsNotLoadedError):
        check_loads(content, {})
    assert list(folder.iterdir()) == []


def test_the_file_sees_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("OOB_SECRET", "geheim")
    content = b"module.exports = {smtp: {host: String(process.env.OOB_SECRET), port: process.getuid() > 0 ? 1 : 0}}"
    assert check_loads(content, {"smtp.host": "undefined", "smtp.port": 1})
