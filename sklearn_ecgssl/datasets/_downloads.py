"""Files of a data set of PhysioNet: those that are there, and the others downloaded by pooch."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .._files import UnreadableFileError, library, reading

#: Folder of downloaded data sets, if no other is named.
VARIABLE = "SKLEARN_ECGSSL_HOME"
SUMS = "SHA256SUMS.txt"
_SHOWN = 8
#: Attempts after the first one that fails; pooch waits 1, 2, ... s between them.
_RETRIES = 2


def data_folder(data_home: str | os.PathLike[str] | None) -> Path:
    """Find the folder of downloaded data sets, which need not exist."""
    home = data_home or os.environ.get(VARIABLE) or _pooch().os_cache("sklearn_ecgssl")
    return Path(os.path.abspath(Path(home).expanduser()))


@dataclass
class Downloads:
    """Files that have the checksums of their data set's ``SHA256SUMS.txt``."""

    folder: Path
    url: str  # of the folder, ends in "/"
    download: bool
    verbose: int = 0
    _right: dict[str, tuple[int, int]] = field(default_factory=dict)  # size and time when checked

    @cached_property
    def sums(self) -> dict[str, str]:
        """The checksum of every file by its name."""
        path = self.folder / SUMS
        if not path.is_file():
            self._download([SUMS], {SUMS: None})
        with reading(path, "a list of checksums"):
            lines = path.read_text(encoding="utf-8").splitlines()
            pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
            return {name.strip().removeprefix("*"): one.lower() for one, name in pairs}

    def fetch(self, names: Sequence[str]) -> list[Path]:
        """Make sure that files are there and right; return where they are."""
        for name in names:
            if name not in self.sums:
                raise UnreadableFileError(
                    f"{self.folder / SUMS} does not list {name}: it is of another data set, or of "
                    "another version."
                )
        lacking = [name for name in dict.fromkeys(names) if not self._is_right(name)]
        if lacking:
            self._download(lacking, {name: f"sha256:{self.sums[name]}" for name in lacking})
        return [self.folder / name for name in names]

    def _is_right(self, name: str) -> bool:
        path = self.folder / name
        if not path.is_file():
            return False
        stat = path.stat()
        facts = (stat.st_size, stat.st_mtime_ns)
        if self._right.get(name) != facts:
            with open(path, "rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != self.sums[name]:
                    return False
            self._right[name] = facts
        return True

    def _download(self, names: Sequence[str], checksums: dict[str, str | None]) -> None:
        wrong = [name for name in names if (self.folder / name).exists()]
        note = f" ({', '.join(wrong[:_SHOWN])}: there, with a wrong checksum)" if wrong else ""
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        lacks = f"{self.folder} lacks {', '.join(names[:_SHOWN])}{more}{note}"
        if not self.download:
            raise FileNotFoundError(
                f"{lacks}, and download_if_missing=False. Put them there as they are at {self.url}"
            )
        pooch = _pooch()
        import requests

        puppy = pooch.create(
            path=self.folder,
            base_url=self.url,
            registry=checksums,
            urls={name: self.url + quote(name) for name in names},
            retry_if_failed=_RETRIES,
        )
        logger = pooch.get_logger()
        level = logger.level
        logger.setLevel("INFO" if self.verbose else "ERROR")
        try:
            for name in names:
                puppy.fetch(name, progressbar=bool(self.verbose))
        except requests.RequestException as error:
            raise ConnectionError(
                f"{lacks}, and downloading fails: {error}. The page of a data set, "
                "https://physionet.org/content/<database>/, names its versions. One that asks for "
                "an agreement is not downloaded: put its files there yourself."
            ) from error
        except ValueError as error:
            raise UnreadableFileError(
                f"{self.folder / name}: what {self.url} sends has not the SHA-256 checksum in "
                f"{SUMS}. Try again later; if it stays so, the server has changed the file, or the "
                "list is of another version."
            ) from error
        finally:
            logger.setLevel(level)


def _pooch() -> Any:
    return library(
        "pooch", f"Files that are not in a folder of data_home or {VARIABLE} are downloaded"
    )
