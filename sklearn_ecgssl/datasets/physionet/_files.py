"""The files of a data set: those that are there, and the others downloaded when they are needed."""

import hashlib
import logging
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...formats import UnreadableFileError, held
from . import _download, _sums
from ._home import pooch

_SHOWN = 8
#: Seconds between two looks whether another process has finished.
_WAIT = 0.1


class Files:
    """Files of a data set that have the checksums of its ``SHA256SUMS.txt``.

    Parameters
    ----------
    folder : pathlib.Path
        Where they are, or are put.
    url : str
        Where they are downloaded from, ending in "/".
    download : bool
        Whether what lacks is downloaded.
    verbose : int
        1 shows progress bars.
    """

    def __init__(self, folder: Path, url: str, *, download: bool, verbose: int) -> None:
        self.folder = folder
        self.url = url
        self.download = download
        self.verbose = verbose
        self._right: dict[str, tuple[int, int]] = {}  # size and time of those that were checked
        self._unreachable = ""
        self.sums = self._read_sums()

    def fetch(self, names: Sequence[str]) -> list[Path]:
        """Make sure that files are there and right.

        Parameters
        ----------
        names : sequence of str
            Paths as `sums` lists them.

        Returns
        -------
        list of pathlib.Path
            Where they are.

        Raises
        ------
        FileNotFoundError
            If files lack and are not to be downloaded, or the server lacks them.
        ConnectionError
            If files lack and the server cannot be reached.
        UnreadableFileError
            If a file is not in the list, or has not its checksum, however often it is downloaded.
        OSError
            If the disk is full.
        """
        for name in names:
            if name not in self.sums:
                raise UnreadableFileError(
                    f"{self.folder / _sums.NAME} does not list {name}: it is of another data set, "
                    "or of another version."
                )
        lacking = [name for name in dict.fromkeys(names) if not self._is_right(name)]
        if lacking and not self.download:
            raise FileNotFoundError(self._lack(lacking, "download_if_missing=False"))
        for i, name in enumerate(lacking):
            if self._unreachable:
                raise ConnectionError(self._lack(lacking[i:], self._unreachable))
            try:
                with self._alone():
                    self._fetch_one(name)
            except ConnectionError as error:
                self._unreachable = str(error)
                raise ConnectionError(self._lack(lacking[i:], str(error))) from error
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"{error}, though {_sums.NAME} lists it. {self._count()} Try again later, or "
                    "leave these recordings out."
                ) from error
            except PermissionError as error:
                if error.errno is not None:  # of this machine, not of the server
                    raise
                raise self._refused(error) from error
        return [self.folder / name for name in names]

    def _read_sums(self) -> dict[str, str]:
        path = self.folder / _sums.NAME
        if not path.is_file():
            if not self.download:
                raise FileNotFoundError(self._lack([_sums.NAME], "download_if_missing=False"))
            self._fetch_sums(path)
        if path.stat().st_size > _sums.MOST_BYTES:
            raise UnreadableFileError(f"{path} has more than {_sums.MOST_BYTES} bytes.")
        return _sums.read_sums(path.read_bytes(), str(path))

    def _fetch_sums(self, path: Path) -> None:
        url, part = self.url + _sums.NAME, _part(path)
        try:
            with self._alone():
                if path.is_file():  # another process was faster
                    return
                part.unlink(missing_ok=True)  # nothing says that its beginning is right
                _download.download(url, part, most_bytes=_sums.MOST_BYTES, verbose=self.verbose)
                try:
                    _sums.read_sums(part.read_bytes(), url)
                except UnreadableFileError:
                    part.unlink()
                    raise
                os.replace(part, path)
        except ConnectionError as error:
            raise ConnectionError(self._lack([_sums.NAME], str(error))) from error
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error}. Is there such a data set, in this version? The page of a data set names "
                "its versions: https://physionet.org/content/<database>/."
            ) from error
        except PermissionError as error:
            if error.errno is not None:
                raise
            raise self._refused(error) from error

    def _is_right(self, name: str) -> bool:
        path = self.folder / name
        try:
            stat = path.stat()
        except OSError:
            return False
        facts = (stat.st_size, stat.st_mtime_ns)
        if self._right.get(name) != facts:
            if _checksum(path) != self.sums[name]:
                return False
            self._right[name] = facts
        return True

    def _fetch_one(self, name: str) -> None:
        """Let pooch fetch a file that lacks or is not right, through our downloader."""
        if self._is_right(name):  # another process was faster
            return
        puppy = pooch().create(
            path=self.folder,
            base_url=self.url,
            registry={name: self.sums[name]},
            urls={name: self.url + quote(name)},
        )
        was_there = (self.folder / name).exists()
        with _quiet():
            puppy.fetch(name, downloader=self._resume)
        if was_there:
            warnings.warn(
                f"{self.folder / name} had not the checksum in {_sums.NAME} and was replaced.",
                stacklevel=2,
            )

    def _resume(self, url: str, output_file: str, puppy: Any) -> None:
        """Download in the way of pooch: it gives the place, and moves what is there to its name."""
        (name,) = puppy.registry
        path = self.folder / name
        part = _part(path)
        resumed = part.exists()
        _download.download(url, part, verbose=self.verbose)
        found = _checksum(part)
        if found != self.sums[name] and resumed:  # the beginning may be of something else
            part.unlink()
            _download.download(url, part, verbose=self.verbose)
            found = _checksum(part)
        if found != self.sums[name]:
            part.unlink()
            raise UnreadableFileError(
                f"{path}: what {url} sends has the SHA-256 checksum {found}, but {_sums.NAME} says "
                f"{self.sums[name]}. It was deleted. Try again later; if it stays so, the server "
                f"has changed the file, or {self.folder / _sums.NAME} is of another version."
            )
        os.replace(part, output_file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process downloads into the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(held(self.folder / ".lock", "busy"))
                    break
                except RuntimeError:
                    time.sleep(_WAIT)
            yield

    def _lack(self, names: Sequence[str], reason: str) -> str:
        wrong = [name for name in names if (self.folder / name).exists()]
        shown = ", ".join(names[:_SHOWN]) + (
            f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        )
        note = f" ({', '.join(wrong[:_SHOWN])}: there, with a wrong checksum)" if wrong else ""
        return (
            f"{self.folder} lacks {shown}{note}, and they cannot be downloaded: {reason}. "
            f"{self._count()} Put them there as they are at {self.url}"
        )

    def _count(self) -> str:
        sums: dict[str, str] = getattr(self, "sums", {})
        there = sum((self.folder / name).is_file() for name in sums)
        return f"Of {len(sums)} files, {there} are in {self.folder}." if sums else ""

    def _refused(self, error: PermissionError) -> PermissionError:
        return PermissionError(
            f"{error}. Only openly licensed data sets are downloaded; download others yourself, as "
            f"their page says, into {self.folder}."
        )


def _checksum(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pooch from writing a line for each file."""
    logger = pooch().get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
