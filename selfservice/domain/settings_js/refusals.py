"""Why a ``settings.js`` is left alone."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The file is fit for people and node, yet not for a change that nobody looks at; or for neither."""

    SYNTAX = "syntax"
    #: Marks of a merge that nobody has finished.
    CONFLICT = "conflict"
    TYPESCRIPT = "typescript"
    JSX = "jsx"
    #: Typographic quotes, as a word processor makes them.
    QUOTES = "quotes"
    #: UTF-16, or no text.
    ENCODING = "encoding"
    #: Plain JSON: nothing is exported.
    JSON = "json"
    NO_EXPORT = "no-export"
    SEVERAL_EXPORTS = "several-exports"
    CONDITIONAL_EXPORT = "conditional-export"
    #: What is exported instead of an object.
    FUNCTION = "function"
    ARRAY = "array"
    TEXT = "string"
    CALL = "call"
    REQUIRE = "require"
    EXPRESSION = "expression"
    #: ``...other`` behind a key that is ours, which it may replace.
    SPREAD = "spread"
    GETTER = "getter"
    #: ``[name]: …``, which may be any key.
    COMPUTED_KEY = "computed-key"
    #: ``schedule`` or ``smtp`` is no object in braces.
    SECTION = "section"
    #: The object is changed behind its definition.
    LATER_ASSIGNMENT = "later-assignment"
    #: The object is handed to code that may change it.
    LATER_USE = "later-use"
    #: The change would not say what was asked for.
    NOT_KEPT = "not-kept"
