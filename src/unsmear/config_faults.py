"""How faults of the configuration are told: where, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError

from unsmear.section import Section


def describe_faults(error: ValidationError, model: type[Section], values: Any) -> list[str]:
    """One line for each faulty key: its path, what is wrong, and the value found.

    Values below ``tracking`` may hold a password and are not repeated.

    Parameters
    ----------
    error : raised by ``model.model_validate(values)``
    """
    places: dict[str, list[Any]] = {}
    for fault in error.errors(include_url=False):
        places.setdefault(".".join(map(str, _path(fault, values))), []).append(fault)
    lines = []
    for place, faults in places.items():
        # Of a list or a section whose entries are faulty, only the entries' faults help.
        if any(other.startswith(f"{place}.") for other in places):
            continue
        first, *others = (_message(fault, model) for fault in faults)
        # Each member of a union has its own.
        message = ", or ".join([first, *(other.removeprefix("Input should be ") for other in others)])
        shown = not isinstance(faults[0]["input"], dict) and faults[0]["type"] != "missing"
        found = f" (found {faults[0]['input']!r})" if shown and place.split(".")[0] != "tracking" else ""
        lines.append(f"{place}: {message}{found}" if place else message)
    return lines


def _path(fault: Any, values: Any) -> list[str | int]:
    """Where a fault lies in the values, without the names of validators and of union members."""
    path = []
    for part in fault["loc"]:
        inside = part in values if isinstance(values, dict) else isinstance(part, int)
        if inside:
            values = values[part]
            path.append(part)
    return [*path, fault["loc"][-1]] if fault["type"] == "missing" else path


def _message(fault: Any, model: type[Section]) -> str:
    nesting = "a key in a section is written 'section={key: value}', with a space after the colon"
    if fault["type"] == "model_type" and isinstance(fault["input"], str):
        return f"{fault['msg']}; {nesting}"
    if fault["type"] == "union_tag_invalid":
        return f"there is no kind {fault['ctx']['tag']}; choose among {fault['ctx']['expected_tags']}"
    if fault["type"] != "extra_forbidden":
        return str(fault["msg"]).removeprefix("Value error, ")
    key = str(fault["loc"][-1])
    known = _known_keys(model, fault["loc"][:-1])
    if any(sign in key for sign in "=:."):
        return f"there is no such key; {nesting}"
    if near := get_close_matches(key, known, n=1):
        return f"there is no such key; did you mean {near[0]}?"
    return f"there is no such key; choose among {', '.join(known)}"


def _known_keys(model: type[Section], path: tuple[str | int, ...]) -> list[str]:
    """Keys of the sections that may stand at a path below ``model``."""
    sections = {model}
    for part in path:
        inside = {
            found
            for each in sections
            if (field := each.model_fields.get(str(part)))
            for found in _find(field.annotation)
        }
        # Numbers of entries, names of validators and of union members lead nowhere.
        sections = inside or sections
    return sorted({key for section in sections for key in section.model_fields})


def _find(annotation: Any) -> Iterator[type[Section]]:
    """Sections that a type consists of."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from _find(part)
