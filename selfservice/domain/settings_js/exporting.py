"""Which object the file exports, and whether anything in the file changes it afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from selfservice.domain.settings_js.parsing import COMMENTS, parse, parse_sound, refused, text_of, unwrap, walk
from selfservice.domain.settings_js.refusals import Reason
from selfservice.domain.settings_js.values import decode_string

_KINDS = {
    "arrow_function": Reason.FUNCTION,
    "function_expression": Reason.FUNCTION,
    "function_declaration": Reason.FUNCTION,
    "generator_function": Reason.FUNCTION,
    "class": Reason.FUNCTION,
    "class_declaration": Reason.FUNCTION,
    "array": Reason.ARRAY,
    "string": Reason.TEXT,
    "template_string": Reason.TEXT,
    "ternary_expression": Reason.CONDITIONAL_EXPORT,
    "call_expression": Reason.CALL,
    "new_expression": Reason.CALL,
    "await_expression": Reason.CALL,
}
_FUNCTIONS = (
    "arrow_function",
    "function_expression",
    "function_declaration",
    "generator_function",
    "generator_function_declaration",
    "method_definition",
)
_MEMBERS = ("member_expression", "subscript_expression")
#: What reaches the object without naming it.
_BACK_DOORS = ("exports", "eval", "arguments")
_CHANGES = ("assignment_expression", "augmented_assignment_expression", "update_expression", "unary_expression")


def exported_object(content: bytes) -> Node:
    """The object in braces that the file exports. Raises ``SettingsRefusedError``."""
    root = parse_sound(content)
    exports = [value for statement in root.named_children for value in _exported_by(content, statement)]
    if not exports:
        raise _explain_missing(content, root)
    if len(exports) > 1:
        raise refused(content, Reason.SEVERAL_EXPORTS, exports[1])
    value, name = exports[0], ""
    if value.type == "identifier":
        value, name = _declared(content, root, value), _word(value)
    if value.type != "object":
        raise refused(content, _kind(value), value)
    _refuse_early_end(content, root, exports[0])
    _refuse_changes(content, root, export=exports[0], name=name)
    return value


def is_es_module(content: bytes) -> bool:
    """Whether the file says ``export`` or ``import``: ``require`` of node before 20.19 and 22.12 does not load it."""
    return any(node.type in ("export_statement", "import_statement") for node in parse(content).named_children)


def _exported_by(content: bytes, statement: Node) -> Iterator[Node]:
    """What one statement at the top of the file exports."""
    if statement.type == "export_statement":
        value = statement.child_by_field_name("value") or statement.child_by_field_name("declaration")
        if value is None or not any(child.type == "default" for child in statement.children):
            raise refused(content, Reason.SEVERAL_EXPORTS, statement)
        yield unwrap(value)
    elif statement.type == "expression_statement":
        targets, value = _assignment(unwrap(statement.named_children[0]))
        if "module.exports" in targets:
            if not {"module.exports", "exports"}.issuperset(targets):  # a name by which it may be changed
                raise refused(content, Reason.LATER_USE, statement)
            yield value


def _assignment(node: Node) -> tuple[list[str], Node]:
    """The targets of ``a = b = value``, and the value."""
    targets = []
    while node.type == "assignment_expression":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            break
        targets.append(_path(left))
        node = unwrap(right)
    return targets, node


def _path(node: Node) -> str:
    """``module.exports.smtp`` for every way to write it; empty when it is no such path."""
    parts: list[str] = []
    while node.type in _MEMBERS:
        whole, part = node.child_by_field_name("object"), _part(node)
        if whole is None or part is None:
            return ""
        parts.append(_word(part))
        node = whole
    return ".".join([_word(node), *reversed(parts)]) if node.type == "identifier" else ""


def _part(node: Node) -> Node | None:
    """``exports`` of ``module.exports`` and of ``module['exports']``."""
    return node.child_by_field_name("property") or node.child_by_field_name("index")


def _word(node: Node) -> str:
    """A name as JavaScript means it, quoted or not, whatever escapes it is written with."""
    return decode_string(text_of(node).strip("\"'`"))


def _explain_missing(content: bytes, root: Node) -> Exception:
    """Why there is no export: plain JSON, one inside a condition, parts of one, or none."""
    statements = [node for node in root.named_children if node.type not in COMMENTS]
    if len(statements) == 1 and (statements[0].text or b"").startswith((b"{", b"[")):
        return refused(content, Reason.JSON, statements[0])
    for node in walk(root):
        path = _path(node.child_by_field_name("left") or node) if node.type == "assignment_expression" else ""
        if path == "module.exports":
            return refused(content, Reason.CONDITIONAL_EXPORT, node)
        if path.startswith(("module.exports.", "exports.")):
            return refused(content, Reason.SEVERAL_EXPORTS, node)
    return refused(content, Reason.NO_EXPORT)


def _kind(value: Node) -> Reason:
    called = value.child_by_field_name("function")
    if called and text_of(called) == "require":
        return Reason.REQUIRE
    return _KINDS.get(value.type, Reason.EXPRESSION)


def _declared(content: bytes, root: Node, name: Node) -> Node:
    """The value of the one declaration of ``name`` at the top of the file."""
    found = [
        declarator
        for statement in root.named_children
        if statement.type in ("lexical_declaration", "variable_declaration")
        for declarator in statement.named_children
        if declarator.type == "variable_declarator"
        and (target := declarator.child_by_field_name("name")) is not None
        and _word(target) == _word(name)
    ]
    value = found[0].child_by_field_name("value") if len(found) == 1 else None
    if value is None:
        raise refused(content, Reason.EXPRESSION, name)
    return unwrap(value)


def _refuse_early_end(content: bytes, root: Node, export: Node) -> None:
    """Refuse a ``return`` that may end the file before it exports anything."""
    for node in walk(root):
        is_early = node.type == "return_statement" and node.start_byte < export.start_byte
        if is_early and not _is_in_function(node):
            raise refused(content, Reason.CONDITIONAL_EXPORT, node)


def _is_in_function(node: Node) -> bool:
    above = node.parent
    while above is not None and above.type not in _FUNCTIONS:
        above = above.parent
    return above is not None


def _refuse_changes(content: bytes, root: Node, *, export: Node, name: str) -> None:
    """Refuse whatever names the object apart from its declaration and its export."""
    for node in walk(root):
        if not _names_it(node, name) or _is_expected(node, export):
            continue
        top = _whole_path(node)
        if top.parent is not None and top.parent.type in _CHANGES:
            raise refused(content, Reason.LATER_ASSIGNMENT, node)
        raise refused(content, Reason.LATER_USE, node)


def _names_it(node: Node, name: str) -> bool:
    if node.type in ("identifier", "shorthand_property_identifier"):
        word = _word(node)
        return word in (name, *_BACK_DOORS) or (word == "module" and _is_handed_on(node))
    part = _part(node) if node.type in _MEMBERS else None
    return part is not None and _word(part) == "exports"


def _is_handed_on(node: Node) -> bool:
    """Whether ``module`` is used as a whole, and not just compared as in ``require.main === module``."""
    above = node.parent
    if above is None or above.type in ("member_expression", "binary_expression"):
        return False
    index = above.child_by_field_name("index")  # module[name] may be module.exports
    return index is None or index.type != "string"


def _is_expected(node: Node, export: Node) -> bool:
    """The declaration, the value that is exported, or a target of the export itself."""
    if node == export:
        return True
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "variable_declarator":
        return parent.child_by_field_name("name") == node and parent.parent is not None and _is_top(parent.parent)
    if parent.type != "assignment_expression" or parent.child_by_field_name("left") != node:
        return False
    return parent.start_byte <= export.start_byte and export.end_byte <= parent.end_byte


def _is_top(statement: Node) -> bool:
    return statement.parent is not None and statement.parent.type == "program"


def _whole_path(node: Node) -> Node:
    """``exports.smtp.host`` from its first word."""
    while node.parent is not None and node.parent.type in _MEMBERS:
        if node.parent.child_by_field_name("object") != node:
            break
        node = node.parent
    return node
