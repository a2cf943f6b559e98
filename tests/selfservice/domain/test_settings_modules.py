"""Random modules: whatever is written there, a change is what node then reads, and the rest stays."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfservice.domain.errors import SettingsRefusedError
from selfservice.domain.settings_js import KEYS, change_settings, read_settings

texts = st.text(st.characters(codec=None), max_size=12)
values = st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.floats(-1e6, 1e6))
blanks = st.sampled_from(["", " ", "\n", "\r\n", "\t", "\n    ", " // {smtp: {}}\n", "/* , */", " /* a\n b */ "])
strange = st.sampled_from(
    ["1 + 1", "`a\n${1}`", "[1, {smtp: {host: 2}}]", "{host: 1}", "/}/", "() => {}", "'\\\n'", "-0x1f"]
)
other_names = st.sampled_from(["other", "'x-y'", '"schedule2"', "42", "hosts", "\\u0061b"])


@st.composite
def objects(draw, names, members):
    """An object in braces with some of ``names``, blanks and comments wherever they may stand."""
    chosen = draw(st.lists(st.sampled_from(names), max_size=5))
    pairs = [(draw(st.sampled_from([name, f"'{name}'", f'"{name}"'])), draw(members(name))) for name in chosen]
    for _extra in range(draw(st.integers(0, 2))):
        pairs.insert(draw(st.integers(0, len(pairs))), (draw(other_names), draw(strange)))
    written = [f"{draw(blanks)}{key}{draw(blanks)}:{draw(blanks)}{value}{draw(blanks)}" for key, value in pairs]
    comma = draw(st.sampled_from(["", ","])) if written else ""
    return "{" + ",".join(written) + comma + draw(blanks) + "}"


def literals(_name):
    return st.one_of(values.map(json.dumps), texts.map(lambda text: json.dumps(text, ensure_ascii=False)), strange)


def sections(section):
    return objects([key.split(".")[1] for key in KEYS if key.startswith(section)], literals)


@st.composite
def modules(draw):
    body = draw(objects(["schedule", "smtp"], sections))
    head = draw(st.sampled_from(["", "\ufeff", "'use strict'\n", "// x\r\n", "const a = {smtp: {}}\n"]))
    before, after = draw(
        st.sampled_from([("module.exports = ", ""), ("const c=", "\nmodule.exports=c;"), ("module.exports=(", ")")])
    )
    return (head + before + body + after).encode("utf-8", "surrogatepass")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(modules(), st.dictionaries(st.sampled_from(KEYS), values, max_size=6))
def test_node_reads_what_was_asked_for_and_nothing_else(node, content, changes):
    loaded = node.load(content)
    assert loaded is not None
    changed = change_settings(content, changes)
    for key, value in changes.items():
        section, name = key.split(".")
        loaded.setdefault(section, {})[name] = value
    assert node.load(changed) == loaded
    assert change_settings(changed, changes) == changed


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.text("{}module.exports=;:,'\"`smtphost/*\\\n…", max_size=60).map(str.encode))
def test_whatever_lies_there_is_read_or_refused(content):
    try:
        found = read_settings(content).found
    except SettingsRefusedError as error:
        assert error.line <= content.count(b"\n") + content.count(b"\r") + 1
    else:
        assert set(found) == set(KEYS)
