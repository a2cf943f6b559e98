"""What is shown of a change holds no secret, wherever in the file it stands and however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nodejs import SHAPES

from selfservice.domain.diff import MASK, masked, masked_diff
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


def test_equal_files_have_no_diff():
    content = (SHAPES / "crlf.js").read_bytes()
    assert masked_diff(content, content) == ""


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
