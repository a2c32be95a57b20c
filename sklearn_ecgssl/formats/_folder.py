"""A folder of one ``config.json`` and one ``weights.safetensors``, replaced as one.

The configuration is what commits: it names the weights by their checksum. New weights are written
whole under a name of their own, then the configuration is replaced, then the weights move to
their place. Wherever that stops, the folder holds the old pair or the new one.
"""

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from .._files import UnreadableFileError, sync_folder, write_whole
from .._nesting import parse_json
from ._lock import held
from ._readable_json import to_readable_json
from ._weights import from_safetensors, to_safetensors

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
LOCK = ".writing.lock"

#: Raised whenever an older package could not read what a newer one writes.
FORMAT_VERSION = 1

#: Times that a folder is read before it is called damaged: another process may be replacing it.
ATTEMPTS = 3

#: Some ten thousand epochs; what is larger is neither written nor read.
MAX_CONFIG_BYTES = 2**24


def write_folder(
    path: str | os.PathLike[str],
    kind: str,
    content: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    rounded: Collection[str] = (),
) -> Path:
    """Write a configuration and arrays; what was there before stays until all is written.

    Parameters
    ----------
    path : path-like
        The folder, made with its parents if it is missing. Other files in it are left alone.
    kind : str
        What the folder is, "pretrained" or "checkpoint".
    content : mapping
        The configuration: what JSON can hold.
    arrays : mapping of str to ndarray
        Booleans, integers or floats.
    rounded : collection of str, default=()
        Names of the float32 arrays that are kept in bfloat16.

    Returns
    -------
    path : pathlib.Path
        The folder.

    Raises
    ------
    ValueError
        If the configuration is too large to be read again.
    UnreadableFileError
        If it holds a ``config.json`` that is not of this kind: that is never overwritten.
    OSError
        If it cannot be written.
    """
    path = Path(path).expanduser()
    path.mkdir(parents=True, exist_ok=True)
    weights = to_safetensors(arrays, rounded)
    config = _sealed(kind, content, weights)
    text = to_readable_json(config).encode()
    if len(text) > MAX_CONFIG_BYTES:
        raise ValueError(
            f"{path / CONFIG} would have {len(text)} bytes, {MAX_CONFIG_BYTES} are allowed."
        )
    with held(path / LOCK, f"{path} is being written by another process: one at a time."):
        if has_folder(path):
            _clear_pending(path, _identified(path, kind))
        pending = path / _pending_name(config)
        write_whole(pending, weights)
        write_whole(path / CONFIG, text)
        os.replace(pending, path / WEIGHTS)
        sync_folder(path)
    return path


def read_folder(
    path: str | os.PathLike[str], kind: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read and verify what `write_folder` wrote.

    Parameters
    ----------
    path : path-like
        The folder.
    kind : str
        What it has to be.

    Returns
    -------
    config : dict
        The configuration, with what identifies it.
    arrays : dict of str to ndarray
        The arrays.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    UnreadableFileError
        If it is truncated, altered, foreign or of a newer version; the message says which.
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        raise FileNotFoundError(f"There is no folder {path}.")
    for attempt in range(ATTEMPTS):
        try:
            config, weights = _matching_pair(path, kind)
            break
        except (UnreadableFileError, FileNotFoundError):
            if attempt == ATTEMPTS - 1:
                raise
    try:
        arrays = from_safetensors(weights)
    except Exception as error:  # the checksum is right, so only a forger meets what this raises
        raise UnreadableFileError(f"{path / WEIGHTS} is no safetensors file: {error}") from error
    return config, arrays


def has_folder(path: str | os.PathLike[str]) -> bool:
    """Tell whether there is anything that `read_folder` would try to read.

    Parameters
    ----------
    path : str or path-like
        The folder, which need not exist.

    Returns
    -------
    bool
        Whether it holds a ``config.json``.
    """
    return (Path(path).expanduser() / CONFIG).exists()


def _sealed(kind: str, content: Mapping[str, Any], weights: bytes) -> dict[str, Any]:
    config = {
        "format": f"sklearn_ecgssl {kind}",
        "format_version": FORMAT_VERSION,
        "package_version": __version__,
        **content,
        "weights": {"bytes": len(weights), "sha256": hashlib.sha256(weights).hexdigest()},
    }
    return config | {"config_sha256": _config_checksum(config)}


def _config_checksum(config: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in config.items() if name != "config_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _identified(path: Path, kind: str) -> dict[str, Any]:
    """Read a configuration as far as it takes to know that it is ours."""
    file = path / CONFIG
    if not file.is_file():
        raise UnreadableFileError(
            f"{path} is foreign: it has no {CONFIG}, so sklearn_ecgssl did not write it."
        )
    if file.stat().st_size > MAX_CONFIG_BYTES:
        raise UnreadableFileError(f"{file} is foreign: {file.stat().st_size} bytes are too many.")
    try:
        config = parse_json(file.read_bytes())
    except ValueError as error:
        raise UnreadableFileError(f"{file} is truncated or altered: it is no JSON.") from error
    found = config.get("format") if isinstance(config, dict) else None
    if found != f"sklearn_ecgssl {kind}":
        raise UnreadableFileError(
            f"{file} is foreign: its format is {str(found)[:80]!r}, not 'sklearn_ecgssl {kind}'."
        )
    return config


def _verified(path: Path, kind: str) -> dict[str, Any]:
    config = _identified(path, kind)
    file = path / CONFIG
    version = config.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise UnreadableFileError(
            f"{path} is of a newer version: format {version}, written by sklearn_ecgssl "
            f"{str(config.get('package_version'))[:40]}. This is {__version__}, which reads "
            f"formats up to {FORMAT_VERSION}. Install a newer sklearn_ecgssl."
        )
    try:
        intact = config["config_sha256"] == _config_checksum(config)
    except (KeyError, ValueError):
        intact = False
    if not intact:
        raise UnreadableFileError(f"{file} is altered: its checksum is not that of its content.")
    weights = config.get("weights")
    if (
        version != FORMAT_VERSION
        or isinstance(version, bool)
        or not isinstance(weights, dict)
        or not isinstance(weights.get("sha256"), str)
        or not isinstance(weights.get("bytes"), int)
    ):
        raise UnreadableFileError(f"{file} is foreign: it is not laid out as format {version!r}.")
    return config


def _matching_pair(path: Path, kind: str) -> tuple[dict[str, Any], bytes]:
    """Read the configuration and the weights that it names, from their place or beside it."""
    config = _verified(path, kind)
    size, checksum = config["weights"]["bytes"], config["weights"]["sha256"]
    for file in (path / WEIGHTS, path / _pending_name(config)):
        if file.is_file() and file.stat().st_size == size:
            weights = file.read_bytes()
            if hashlib.sha256(weights).hexdigest() == checksum:
                return config, weights
    file = path / WEIGHTS
    if not file.is_file():
        raise UnreadableFileError(f"{path} is incomplete: there is no {WEIGHTS}.")
    found = file.stat().st_size
    if found != size:
        fault = "truncated" if found < size else "altered"
        raise UnreadableFileError(f"{file} is {fault}: it has {found} bytes of {size}.")
    raise UnreadableFileError(f"{file} is altered: its checksum is not the one in {CONFIG}.")


def _pending_name(config: Mapping[str, Any]) -> str:
    checksum = config["weights"]["sha256"]
    return f".{checksum[:16] if checksum.isalnum() else 'none'}.pending"


def _clear_pending(path: Path, config: Mapping[str, Any]) -> None:
    """Finish or remove what an interrupted write left."""
    pending = {file.name: file for file in (*path.glob(".*.pending"), *path.glob(".*.tmp"))}
    try:
        committed = pending.pop(_pending_name(config), None)
    except (KeyError, TypeError, AttributeError):  # a damaged configuration names none
        committed = None
    if committed is not None:
        os.replace(committed, path / WEIGHTS)
    for leftover in pending.values():
        leftover.unlink(missing_ok=True)
