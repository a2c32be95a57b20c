"""Parameters from a TOML file, which flags override."""

import argparse
import tomllib
from typing import Any

from ._command import CommandError


def apply_config(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Make the values of a TOML file the defaults of a command.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of the command.
    args : argparse.Namespace
        As parsed without the file.

    Raises
    ------
    CommandError
        If there is no such file, or it says something else.
    """
    if args.config is None:
        return
    try:
        config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"--config {args.config}: {error}") from error
    table = config.get(args.command, {})
    if not isinstance(table, dict):
        raise CommandError(f"--config {args.config}: {args.command} must be a table.")
    actions = {action.dest: action for action in parser._actions}
    known = {name for name in actions if name not in ("help", "config", "traceback")}
    unknown = sorted({name.replace("-", "_") for name in table} - known)
    if unknown:
        raise CommandError(
            f"--config {args.config}: [{args.command}] has {', '.join(unknown)}, and knows "
            f"{', '.join(sorted(known))}."
        )
    for name, value in table.items():
        action = actions[name.replace("-", "_")]
        action.default = _as_parsed(action, value, f"{args.config}: {name}")


def _as_parsed(action: argparse.Action, value: Any, name: str) -> Any:
    """Give a value of TOML the type that the flag has."""
    if isinstance(action, argparse._StoreTrueAction):
        if not isinstance(value, bool):
            raise CommandError(f"{name} must be true or false, got {value!r}.")
        return value
    several = action.nargs in ("*", "+") or isinstance(action, argparse._AppendAction)
    if isinstance(value, dict):
        if not several:
            raise CommandError(f"{name} must not be a table.")
        return list(value.items())
    if several != isinstance(value, list):
        raise CommandError(f"{name} must be {'a list' if several else 'one value'}, got {value!r}.")
    convert = action.type
    try:
        values = [convert(str(one)) if callable(convert) else one for one in _listed(value)]
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise CommandError(f"{name}: {error}") from error
    for one in values:
        if action.choices is not None and one not in action.choices:
            raise CommandError(f"{name} must be one of {', '.join(action.choices)}, got {one!r}.")
    return values if several else values[0]


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def setting(text: str) -> tuple[str, Any]:
    """Read ``name=value``, the value as TOML has it; what is none is a string.

    Parameters
    ----------
    text : str
        Such as ``max_epochs=30``, ``filters=[8, 16]`` or ``device=cpu``.

    Returns
    -------
    name, value
        The pair.

    Raises
    ------
    argparse.ArgumentTypeError
        If there is no "=" in it.
    """
    name, found, value = text.partition("=")
    if not found or not name:
        raise argparse.ArgumentTypeError(f"expected name=value, got {text!r}")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value
