"""JSON out of files that is nested no deeper than Python can follow."""

import json
from typing import Any

#: Twice what a pipeline of pretrainers takes; Python itself follows a few hundred.
MAX_NESTING = 64


def parse_json(text: str | bytes) -> Any:
    """Parse JSON whose depth no later code has to fear.

    Parameters
    ----------
    text : str or bytes
        The JSON.

    Returns
    -------
    object
        Its value.

    Raises
    ------
    ValueError
        If it is no JSON, or nested deeper than `MAX_NESTING`.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [value]
    for _ in range(MAX_NESTING):
        level = [item for outer in level for item in _inside(outer)]
        if not level:
            return value
    raise ValueError(f"it is nested deeper than {MAX_NESTING}")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
