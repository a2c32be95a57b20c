"""JSON for people: whatever fits on a line stands on one."""

import json
from typing import Any

WIDTH = 100


def to_readable_json(value: Any, indent: int = 0) -> str:
    """Write a value as JSON.

    Parameters
    ----------
    value : object
        What JSON can hold; keys are strings.
    indent : int, default=0
        Spaces in front of what is inside it.

    Returns
    -------
    str
        The text.
    """
    line = json.dumps(value)
    if len(line) + indent <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    space = " " * (indent + 1)
    if isinstance(value, list):
        return _block("[", [to_readable_json(item, indent + 1) for item in value], "]", space)
    entries = [
        f"{json.dumps(key)}: {to_readable_json(item, indent + 1)}" for key, item in value.items()
    ]
    return _block("{", entries, "}", space)


def _block(opening: str, entries: list[str], closing: str, space: str) -> str:
    inside = f",\n{space}".join(entries)
    return f"{opening}\n{space}{inside}\n{space[:-1]}{closing}"
