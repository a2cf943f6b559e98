"""One file for every reason to leave it alone, with the line to blame; and files that only look alike."""

from __future__ import annotations

import pytest

from selfservice.domain.errors import SettingsRefusedError
from selfservice.domain.settings_js import Reason, change_settings, read_settings

GOOD = "module.exports = { smtp: { host: 'geheim' } }\n"
REFUSED = [
    ("syntax", 2, "module.exports = {\n  smtp: { host: 'geheim' }}}\n"),
    ("syntax", 4, "module.exports = {\n  schedule: {},\n  smtp: {{\n    host: 'a', port: 1\n  },\n  x: 1\n}\n"),
    ("syntax", 2, "module.exports = {\n  schedule: {}\n  smtp: {}\n}\n"),
    ("syntax", 3, "module.exports = {\n  schedule: {},\n  smtp: {},, x: 1\n}\n"),
    ("syntax", 1, "module.exports = {a: 1,, smtp: {}}"),
    ("syntax", 1, "module.exports = {, smtp: {}}"),
    ("syntax", 3, "module.exports = {\n  smtp: {\n    host: 'geheim\n  }\n}"),
    ("syntax", 2, "// the same as above: “x”\nmodule.exports = { smtp: { host: geheim geheim, name: '„x“' }"),
    ("conflict", 2, "module.exports = {\n<<<<<<< HEAD\n  smtp: {}\n=======\n  smtp: {a: 1}\n>>>>>>> neu\n}"),
    ("typescript", 1, "interface Config { smtp: object }\nmodule.exports = {}"),
    ("typescript", 1, "const cfg: Config = { smtp: {} }\nmodule.exports = cfg"),
    ("typescript", 2, "const a = 1\nmodule.exports = { smtp: {} } as Config"),
    ("jsx", 2, "module.exports = {\n  page: <b>x</b>, smtp: {} }"),
    ("quotes", 2, "module.exports = {\n smtp: { host: “geheim” } }"),
    ("quotes", 1, "module.exports = { smtp: { host: „geheim wort“ } }"),
    ("encoding", 0, "module.exports = {}".encode("utf-16")),
    ("json", 1, '{"smtp": {"host": "geheim"}}'),
    ("json", 2, '\n{\n "schedule": {}, "smtp": {}\n}'),
    ("json", 1, "[]"),
    ("no-export", 0, ""),
    ("no-export", 0, "// module.exports = {}\n"),
    ("no-export", 0, "exports = { smtp: {} }"),
    ("no-export", 0, "const cfg = { smtp: {} }"),
    ("several-exports", 2, "module.exports = {}\nmodule.exports = { smtp: {} }"),
    ("several-exports", 2, "export default {}\nexport const smtp = {}"),
    ("several-exports", 1, "exports.smtp = { host: 'geheim' }"),
    ("several-exports", 2, "const smtp = {}\nexport { smtp }"),
    ("conditional-export", 2, "if (process.env.X) {\n  module.exports = {}\n} else { module.exports = { smtp: {} } }"),
    ("conditional-export", 1, "module.exports = process.env.X ? {} : { smtp: {} }"),
    ("conditional-export", 2, "try {\nmodule.exports = { smtp: {} } } catch (e) {}"),
    ("conditional-export", 1, "if (!process.env.X) return\nmodule.exports = { smtp: {} }"),
    ("function", 1, "module.exports = () => ({ smtp: {} })"),
    ("function", 2, "\nmodule.exports = function () { return { smtp: {} } }"),
    ("function", 1, "export default function () { return {} }"),
    ("function", 1, "module.exports = class { }"),
    ("array", 1, "module.exports = [{ smtp: {} }]"),
    ("string", 1, "module.exports = 'geheim'"),
    ("call", 1, "module.exports = Object.freeze({ smtp: {} })"),
    ("call", 1, "module.exports = new Settings()"),
    ("require", 1, "module.exports = require('./geheim')"),
    ("expression", 1, "module.exports = base || { smtp: {} }"),
    ("expression", 1, "module.exports = settings"),
    ("expression", 2, "let cfg\nmodule.exports = cfg"),
    ("spread", 3, "module.exports = {\n  smtp: {},\n  ...over\n}"),
    ("spread", 1, "module.exports = { ...all }"),
    ("spread", 4, "module.exports = {\n  smtp: {\n    host: 'a',\n    ...over\n  }\n}"),
    ("getter", 2, "module.exports = {\n  get smtp() { return { host: 'geheim' } } }"),
    ("getter", 2, "module.exports = { smtp: {\n  pwd() { return 'geheim' } } }"),
    ("getter", 2, "module.exports = { smtp: {\n  set host(to) { } } }"),
    ("computed-key", 2, "module.exports = { smtp: {\n  ['ho' + 'st']: 'geheim' } }"),
    ("computed-key", 1, "module.exports = { [name]: {} }"),
    ("section", 2, "module.exports = {\n  smtp: require('./mail') }"),
    ("section", 2, "const smtp = {}\nmodule.exports = { smtp, schedule: {} }"),
    ("section", 1, "module.exports = { schedule: null, smtp: {} }"),
    ("later-assignment", 2, "module.exports = { smtp: {} }\nmodule.exports.smtp.host = 'geheim'"),
    ("later-assignment", 2, "const cfg = { smtp: {} }\ncfg.smtp.host = 'geheim'\nmodule.exports = cfg"),
    ("later-assignment", 2, "let cfg = { smtp: {} }\ncfg = {}\nmodule.exports = cfg"),
    ("later-assignment", 2, "module.exports = { smtp: {} }\ndelete module.exports['smtp']"),
    ("later-assignment", 2, "module.exports = { smtp: {} }\nmodule['exports'].smtp.port++"),
    ("later-assignment", 2, "const cfg = { smtp: {} }\nif (1) cfg['smtp'].host ||= 'geheim'\nmodule.exports = cfg"),
    ("later-use", 2, "const cfg = { smtp: {} }\nObject.assign(cfg, { smtp: 1 })\nmodule.exports = cfg"),
    ("later-use", 2, "module.exports = { smtp: {} }\nfix(module)"),
    ("later-use", 2, "module.exports = { smtp: {} }\nfix(module.exports.smtp)"),
    ("later-use", 2, "const cfg = { smtp: {} }\nconst all = { cfg }\nmodule.exports = cfg"),
    ("later-use", 1, "cfg = module.exports = { smtp: {} }\ncfg.smtp.host = 'geheim'"),
    ("later-use", 2, "let cfg\nmodule.exports = cfg = { smtp: {} }\ncfg.smtp.host = 'geheim'"),
    ("later-use", 2, "module.exports = { smtp: {} }\neval('modul' + 'e.exports.smtp.host = 1')"),
    ("later-assignment", 2, "module.exports = { smtp: {} }\nmodule['ex' + 'ports'].smtp.host = 'geheim'"),
    ("later-assignment", 2, "module.exports = { smtp: {} }\narguments[2].exports.smtp.host = 'geheim'"),
    ("later-assignment", 2, "module.exports = { smtp: {} }\nrequire.cache[__filename].exports.smtp.host = 'geheim'"),
    ("later-assignment", 2, "module.exports = { smtp: {} }\nm\\u006fdule['\\x65xports'].smtp.host = 'geheim'"),
    ("later-assignment", 2, "const cfg = { smtp: {} }\nc\\u0066g.smtp.host = 'geheim'\nmodule.exports = cfg"),
]


@pytest.mark.parametrize(("reason", "line", "text"), REFUSED)
def test_a_file_is_refused_with_reason_and_line(reason, line, text):
    content = text if isinstance(text, bytes) else text.encode()
    for work in (read_settings, lambda found: change_settings(found, {"smtp.host": "neu"})):
        with pytest.raises(SettingsRefusedError) as caught:
            work(content)
        assert (caught.value.reason, caught.value.line) == (reason, line)
        assert "geheim" not in f"{caught.value} {caught.value!r}"


def test_every_reason_has_its_file():
    assert {reason for reason, _line, _text in REFUSED} == set(Reason) - {Reason.NOT_KEPT}


@pytest.mark.parametrize(
    "text",
    [
        "if (require.main === module) { console.log('x') }\n" + GOOD,
        "const text = `\n<<<<<<< HEAD\n=======\n`\n" + GOOD,
        "const module_exports = {}\n" + GOOD,
        "const type = 1, as = 2\n" + GOOD,
        "const pattern = /[“”]/, words = '“x”'\n" + GOOD,
        "module.exports = { get other() { return 1 }, run() {}, smtp: { host: 'geheim' } }",
        "module.exports = { smtp: { host: 'geheim', ü: 1, $x: 2, _y: 3, \\u0061b: 4 } }",
        "module.exports = { // x\n<!-- y\n smtp: { host: 'geheim' } }",
        "const a = 1, deep = () => a" + ".a" * 3000 + "\n" + GOOD,
        "module['exports'] = { smtp: { host: 'geheim' } }",
        "exports = module.\\u0065xports = { smtp: { host: 'geheim' } }",
        "function f() { return 1 }\nconst g = () => { return 2 }\nclass A { m() { return 3 } }\n" + GOOD,
        GOOD + "if (module.parent) String(module.id)\nreturn\n",
    ],
)
def test_a_file_that_only_looks_alike_is_taken(text, node):
    changed = change_settings(text.encode(), {"smtp.host": "neu"})
    assert changed == text.replace("geheim", "neu").encode()
    assert node.load(changed)["smtp"]["host"] == "neu"


def test_two_declarations_of_one_name_are_refused():
    with pytest.raises(SettingsRefusedError) as caught:
        read_settings(b"var cfg = { smtp: {} }\nvar cfg = {}\nmodule.exports = cfg")
    assert caught.value.reason == Reason.EXPRESSION
