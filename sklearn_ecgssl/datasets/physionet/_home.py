"""Where downloaded data sets lie."""

import os
from pathlib import Path
from typing import Any

#: Folder of downloaded data sets, if no other is named.
VARIABLE = "SKLEARN_ECGSSL_HOME"


def data_folder(data_home: str | os.PathLike[str] | None) -> Path:
    """Find the folder of downloaded data sets.

    Parameters
    ----------
    data_home : path-like or None
        The folder. None: what the environment variable ``SKLEARN_ECGSSL_HOME`` names, else the
        folder for caches of this platform.

    Returns
    -------
    pathlib.Path
        Absolute; it need not exist.
    """
    if data_home is None:
        data_home = os.environ.get(VARIABLE) or pooch().os_cache("sklearn_ecgssl")
    return Path(os.path.abspath(Path(data_home).expanduser()))


def pooch() -> Any:
    """Import pooch."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "Data sets are downloaded by pooch, which is not installed: pip install "
            f'"sklearn_ecgssl[datasets]". Without it, pass data_home or set {VARIABLE} to a folder '
            "that holds all files."
        ) from error
    return pooch
