"""Read a worker's answer field by field: student code may have had a hand in every one."""

from __future__ import annotations

from typing import Any

MOST_TEXT = 2000  # characters of an exception's message
MOST_NAME = 100  # of a type, a file, a function, an input
MOST_LINE = 10**7
MOST_CHANGED = 100  # inputs
WRONG_FORM = {"error": {"kind": "value", "text": "an answer in no form that probes give"}}


def outcome_of(answer: Any) -> dict[str, Any]:
    """The outcome that an answer is: {"value", "changed"} or {"error"}, of known types and sizes."""
    if type(answer) is not dict:
        return WRONG_FORM
    if set(answer) == {"value", "changed"} and type(answer["changed"]) is list:
        changed = [_text(name, MOST_NAME) for name in answer["changed"][:MOST_CHANGED]]
        return {"value": answer["value"], "changed": changed}
    if set(answer) == {"error"} and type(answer["error"]) is dict:
        return {"error": _error(answer["error"])}
    return WRONG_FORM


def _error(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": _text(given.get("kind"), MOST_NAME),
        "type": _text(given.get("type", "an error"), MOST_NAME),
        "text": _text(given.get("text"), MOST_TEXT),
        "where": _place(given.get("where")),
    }


def _place(given: Any) -> dict[str, Any] | None:
    """A line of a file, or None."""
    if type(given) is not dict or type(given.get("line")) is not int:
        return None
    line = given["line"] if 0 <= given["line"] <= MOST_LINE else 0
    file, name = (_text(given.get(key), MOST_NAME) for key in ("file", "name"))
    return {"file": file, "line": line, "name": name}


def _text(given: Any, most: int) -> str:
    return given[:most] if type(given) is str else ""
