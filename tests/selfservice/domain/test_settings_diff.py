"""What is shown of a change holds no secret, wherever in the file it stands and however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nodejs import SHAPES

from selfservice.domain.diff import masked_diff
from selfservice.domain.masking import MASK, masked, masked_expression
from selfservice.domain.settings_js import change_settings, new_file

SECRET = "oobMARK7"


@pytest.mark.parametrize(
    "text",
    [
        "module.exports = {smtp: {pwd: 'SECRET'}}",
        'module.exports = {"smtp": {"pwd": "SECRET"}}',
        "module.exports = {smtp: {pwd: `SECRET`}}",
        "module.exports = {smtp: {pwd: `a${x}SECRET`}}",
        "module.exports = {smtp: {pwd: process.env.PW || 'SECRET'}}",
        "module.exports = {smtp: {pwd: decode(['SECRET', 'x'])}}",
        "module.exports = {smtp: {['p' + 'wd']: 'x', 'p\\u0077d': 'SECRET'}}",
        "const word = 'SECRET'\nmodule.exports = {smtp: {pwd: word}}",
        "const pwd = 'SECRET'\nmodule.exports = {smtp: {pwd}}",
        "module.exports.smtp.pwd = 'SECRET'",
        "module.exports = {elexisdb: {connection: {password: 'SECRET'}}, authentication: {secret: 'x'}}",
        "module.exports = {adminpwd: 'SECRET', apiKey: 'SECRET', jwtSecret: 'SECRET'}",
        "// pwd: 'SECRET'\nmodule.exports = {}",
        "/* password = SECRET */ module.exports = {}",
        "module.exports = {smtp: {pwd: 'SECRET'}} // früher auch SECRET",
        "module.exports = {smtp: {pwd: 'SECRET', user: 'SECRET'}}",
        "module.exports = {smtp: {pwd: 'SECRET'",
        "<<<<<<< HEAD\n pwd: 'SECRET',\n=======\n pwd:\n   'SECRET',\n>>>>>>>",
        "smtp:\n  pwd: SECRET\n",
        "export default {smtp: {pwd: 'SECRET'}} as Config",
        "module.exports = {smtp: {pwd: “SECRET”}}",
        "module.exports = {db: 'mysql://elexis:SECRET@localhost/elexis'}",
        "module.exports = {db: `Server=x;Pwd=SECRET;Port=3306`}",
        "module.exports = {get password() { return 'SECRET' }}",
        "module.exports = {smtp: {pwd() { return 'SECRET' }}}",
        "function mailPassword() { return 'SECRET' }\nmodule.exports = {}",
        "setPassword('SECRET')\nmodule.exports = {}",
        "module.exports = {login: process.env.DB_PASSWORD || 'SECRET'}",
        "module.exports = {login: [(pwd = 'SECRET') => 1, ({pwd = 'SECRET'}) => 1]}",
        "class A { pwd = 'SECRET' }\nmodule.exports = {}",
        "const c = 'SECRET'\nconst b = c\nconst a = b\nmodule.exports = {smtp: {pwd: a}}",
        "module.exports = {smtp: {pw: 'SECRET'}, jwt: {key: 'SECRET'}, kennwort: 'SECRET'}",
        "// früheres Passwort SECRET\nmodule.exports = {}",
        "/* SECRET war das Passwort\n * pwd:\n SECRET */\nmodule.exports = {}",
        "pwd() { return 'SECRET' }",
    ],
)
def test_a_secret_is_masked(text):
    content = text.replace("SECRET", SECRET).encode()
    for shown in (masked(content), masked_diff(b"", content), masked_diff(content, b"// x")):
        assert SECRET not in shown
        assert MASK in shown


def test_a_secret_over_several_lines_is_masked_in_each():
    content = b"module.exports = {smtp: {pwd: `oobMARK7\noobMARK8`, user: 'praxis'}}"
    assert masked(content) == f"module.exports = {{smtp: {{pwd: {MASK}\n{MASK}, user: 'praxis'}}}}"


def test_what_is_no_secret_stays_readable():
    assert masked(b"module.exports = {smtp: {host: 'mail.example.ch', pwd: process.env.SMTP_PASSWORD}}") == (
        "module.exports = {smtp: {host: 'mail.example.ch', pwd: process.env.SMTP_PASSWORD}}"
    )


def test_the_name_of_a_field_is_no_secret():
    shown = masked(b"module.exports = {passwordField: 'password', other: {password: 'x1'}}")
    assert shown == f"module.exports = {{passwordField: {MASK}, other: {{password: {MASK}}}}}"


def test_a_diff_shows_what_changes_with_its_neighbours():
    old = (SHAPES / "tabs.js").read_bytes()
    shown = masked_diff(old, change_settings(old, {"smtp.host": "smtp.hin.ch"}), new_name="neu")
    assert shown.splitlines() == [
        "--- settings.js",
        "+++ neu",
        "@@ -5,7 +5,7 @@",
        " \t\t'sitename': 'Praxis am See',",
        " \t},",
        " \t'smtp': {",
        "-\t\t'host': 'mail.example.ch',",
        "+\t\t'host': 'smtp.hin.ch',",
        f" \t\t'pwd': {MASK}",
        " \t},",
        " };",
    ]


def test_a_changed_password_is_a_changed_line():
    old = (SHAPES / "tabs.js").read_bytes()
    shown = masked_diff(old, change_settings(old, {"smtp.pwd": SECRET}))
    assert f"-\t\t'pwd': {MASK}\n+\t\t'pwd': {MASK}\n" in shown
    assert SECRET not in shown
    assert "geheim-eins" not in shown


def test_an_old_password_in_a_comment_of_the_new_state_is_masked():
    old = b"module.exports = {smtp: {pwd: 'oobMARK7'}}\n"
    assert SECRET not in masked_diff(old, b"// war oobMARK7\nmodule.exports = {smtp: {pwd: 'neu'}}\n")


def test_a_password_that_begins_with_a_quote_is_no_shorter():
    shown = masked(b'module.exports = {schedule: {}, smtp: {pwd: "\'chedule"}}')
    assert shown == f"module.exports = {{schedule: {{}}, smtp: {{pwd: {MASK}}}}}"


def test_a_password_that_is_a_word_of_the_file_is_not_told_by_its_mask():
    shown = masked(b"module.exports = {schedule: {}, smtp: {pwd: 'schedule'}} // x")
    assert shown == f"module.exports = {{schedule: {{}}, smtp: {{pwd: {MASK}}}}} // x"


@pytest.mark.parametrize("spread", ["...{pwd: 'SECRET', user: 'praxis'}", "...login('SECRET')", "...{\n// SECRET\n}"])
def test_an_expression_is_shown_without_secrets(spread):
    content = f"module.exports = {{smtp: {{{spread}, pwd: 'SECRET'}}}}".replace("SECRET", SECRET).encode()
    shown = masked_expression(spread.replace("SECRET", SECRET), content)
    assert SECRET not in shown
    assert shown.startswith("...")
    assert masked_expression("process.env.MAIL || 'a@b.ch'", content) == "process.env.MAIL || 'a@b.ch'"


def test_the_lines_of_an_old_mac_stay_lines():
    old = b"module.exports = {\r  smtp: {\r    host: 'a',\r  },\r}\r"
    assert "-    host: 'a',\n+    host: 'b',\n" in masked_diff(old, old.replace(b"'a'", b"'b'"))


def test_a_long_file_of_equal_lines_is_compared_at_once():
    old = b"module.exports = {x: {\n" + b"a: 1,\n" * 10_000 + b"}, smtp: {host: 'a'}}\n"
    assert masked_diff(old, old.replace(b"'a'", b"'b'")).count("\n") == 8


def test_equal_files_have_no_diff():
    content = (SHAPES / "crlf.js").read_bytes()
    assert masked_diff(content, content) == ""


def test_a_line_that_differs_in_its_end_alone_shows_it():
    assert masked_diff(b"a\nb\nc\n", b"a\nb\r\nc\n").split("\n")[3:] == [" a", "-b", "+b\r", " c", ""]
    assert "\r" not in masked_diff(b"a\r\nb\r\n", b"a\r\nc\r\n")


def test_a_new_file_is_all_new():
    shown = masked_diff(b"", new_file({"smtp.port": 465}))
    assert shown.splitlines()[2] == "@@ -0,0 +1,8 @@"
    assert all(line.startswith("+") for line in shown.splitlines()[3:])


@given(st.binary(max_size=80) | st.text("{}pwd:='\"`smtp/*\\\n…", max_size=60).map(str.encode))
def test_whatever_lies_there_can_be_shown(content):
    assert masked(content).count("\n") == content.count(b"\n")


@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=20))
def test_any_password_that_we_write_is_masked(password):
    content = new_file({"smtp.host": "mail.example.ch", "smtp.pwd": password})
    assert masked(content).count(MASK) == 1
    assert f"pwd: {MASK},\n" in masked(content)
