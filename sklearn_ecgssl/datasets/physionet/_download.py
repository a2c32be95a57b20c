"""Download one file; what arrived before a broken connection is not fetched again."""

import errno
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tqdm.auto import tqdm

from ...formats import UnreadableFileError
from ._home import pooch

#: Seconds to wait before each further attempt. They begin anew when an attempt brought something.
DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
#: Seconds to wait for a connection, and for the next bytes.
TIMEOUT = (10.0, 30.0)
#: The longest wait that a server may ask for.
_LONGEST_DELAY = 60.0
_CHUNK = 2**16
#: A server must not keep us for ever: an attempt that brings fewer bytes counts as failed, and so
#: does one that is given up because it brought fewer in so many seconds.
_PROGRESS = 2**10
_SLOWEST, _PATIENCE = 2**14, 60.0
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _TryAgainError(Exception):
    def __init__(self, reason: str, delay: float = 0.0) -> None:
        super().__init__(reason)
        self.delay = delay


class _TooSlowError(_TryAgainError):
    pass


def download(url: str, part: Path, *, most_bytes: int | None = None, verbose: int = 0) -> None:
    """Download a file, or the rest of one.

    Parameters
    ----------
    url : str
        What to download, by HTTP or HTTPS. Proxies are those of the environment.
    part : pathlib.Path
        Where to. If it is there, the server is asked for what follows.
    most_bytes : int or None
        The most that the file may have.
    verbose : int
        1 shows a progress bar.

    Raises
    ------
    FileNotFoundError
        If the server has no such file.
    PermissionError
        If the server does not give it to everyone.
    ConnectionError
        If it cannot be reached, breaks off again and again, or sends too slowly. `part` stays.
    OSError
        If the disk is full. `part` stays.
    UnreadableFileError
        If what the server sends is not the file: another size, or compressed, or from elsewhere.
    """
    pooch()  # which brings requests, or says what to install
    import requests

    failures = 0
    with requests.Session() as session:
        session.max_redirects = 5
        transfer = _Transfer(session, url, part, most_bytes, verbose)
        while True:
            before = _size(part)
            try:
                return transfer.attempt()
            except _TryAgainError as error:
                came = _size(part) - before
                if came >= _PROGRESS and not isinstance(error, _TooSlowError):
                    failures = 0
                if failures == len(DELAYS):
                    raise ConnectionError(f"{url}: {error}") from error
                time.sleep(max(DELAYS[failures], min(error.delay, _LONGEST_DELAY)))
                failures += 1


class _Transfer:
    """A file on its way, in as many attempts as it takes."""

    def __init__(
        self, session: Any, url: str, part: Path, most_bytes: int | None, verbose: int
    ) -> None:
        self.session = session
        self.url = url
        self.part = part
        self.most_bytes = most_bytes
        self.verbose = verbose
        self.etag = ""  # of the file whose beginning is there

    def attempt(self) -> None:
        """Ask once, and write what comes."""
        import requests

        there = _size(self.part)
        headers = {"User-Agent": "sklearn_ecgssl", "Accept-Encoding": "identity"}
        if there:
            headers["Range"] = f"bytes={there}-"
            if self.etag:
                headers["If-Range"] = self.etag
        try:
            response = self.session.get(self.url, headers=headers, stream=True, timeout=TIMEOUT)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _TryAgainError(f"cannot be reached ({_reason(error)})") from error
        except requests.RequestException as error:
            raise UnreadableFileError(f"{self.url}: {_reason(error)}") from error
        with response:
            _check_status(self.url, response)
            said = response.headers.get("Content-Range", "")
            if response.status_code == 416:  # nothing follows: it is whole, or not of this file
                if said != f"bytes */{there}":
                    self._begin_anew()
                return
            if response.status_code == 206 and not said.startswith(f"bytes {there}-"):
                self._begin_anew()
            etag = response.headers.get("ETag", "")
            self.etag = etag if etag.startswith('"') else ""  # others are no promise
            self._receive(response, there if response.status_code == 206 else 0)

    def _begin_anew(self) -> None:
        self.part.unlink(missing_ok=True)
        self.etag = ""
        raise _TryAgainError("does not go on where the download was interrupted")

    def _receive(self, response: Any, start: int) -> None:
        import urllib3

        length = response.headers.get("Content-Length", "")
        announced = int(length) if length.isdecimal() and len(length) < 20 else None
        whole = None if announced is None else start + announced
        if self.most_bytes is not None and (whole or 0) > self.most_bytes:
            raise self._too_large(self.most_bytes)
        free = shutil.disk_usage(self.part.parent).free
        if announced is not None and announced > free:
            raise self._disk_full(f"{announced} bytes are to come, and {free} are free")
        try:
            with (
                open(self.part, "ab" if start else "wb") as stream,
                tqdm(
                    total=whole,
                    initial=start,
                    desc=self.part.name.removesuffix(".part"),
                    unit="B",
                    unit_scale=True,
                    leave=False,
                    disable=not self.verbose,
                ) as bar,
            ):
                done = start
                pace = _Pace()
                for chunk in _chunks(response.raw):
                    done += len(chunk)
                    most = self.most_bytes if whole is None else whole
                    if most is not None and done > most:
                        raise self._too_large(most)
                    stream.write(chunk)
                    bar.update(len(chunk))
                    if pace.is_too_slow(len(chunk)) and done != whole:
                        raise _TooSlowError(f"sends less than {_SLOWEST} bytes in {_PATIENCE:g} s")
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise self._disk_full(str(error.strerror)) from error
            raise
        except urllib3.exceptions.HTTPError as error:
            raise self._broke_off(whole) from error
        if whole is not None and done < whole:
            raise self._broke_off(whole)

    def _broke_off(self, whole: int | None) -> _TryAgainError:
        of = "" if whole is None else f" of {whole}"
        return _TryAgainError(f"broke off after byte {_size(self.part)}{of}")

    def _too_large(self, most_bytes: int) -> UnreadableFileError:
        return UnreadableFileError(
            f"{self.url} has more than {most_bytes} bytes: it is not the file asked for."
        )

    def _disk_full(self, reason: str) -> OSError:
        return OSError(
            errno.ENOSPC,
            f"The disk is full ({reason}). Make room and call again: {self.url} goes on where it "
            f"stopped. Its first {_size(self.part)} bytes are in",
            str(self.part),
        )


class _Pace:
    """Tells whether a server sends so slowly that it may keep us for ever."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._came = 0

    def is_too_slow(self, n_bytes: int) -> bool:
        """Take note of bytes that came."""
        self._came += n_bytes
        now = time.monotonic()
        if now - self._since < _PATIENCE:
            return False
        too_slow = self._came < _SLOWEST
        self._since, self._came = now, 0
        return too_slow


def _chunks(raw: Any) -> Iterator[bytes]:
    """Yield what arrives."""
    # What read() has gathered when a connection breaks is lost; read1() gives what there is.
    read = getattr(raw, "read1", raw.read)
    while chunk := read(_CHUNK):
        yield chunk


def _check_status(url: str, response: Any) -> None:
    status = response.status_code
    # requests follows to no other kind of address, such as file:.
    if urlsplit(url).scheme == "https" and urlsplit(response.url).scheme != "https":
        raise UnreadableFileError(f"{url} leads to {response.url}, which is not safe.")
    if status in (200, 206, 416):
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding not in ("", "identity"):
            raise UnreadableFileError(
                f"{url} is sent compressed ({encoding}), against the request."
            )
        return
    if status in (404, 410):
        raise FileNotFoundError(f"{url}: the server has no such file ({status})")
    if status in (401, 403, 407):
        raise PermissionError(f"{url}: the server does not give it to everyone ({status})")
    if status == 429 or status >= 500:
        delay = response.headers.get("Retry-After", "")
        raise _TryAgainError(f"answers {status}", float(delay) if delay.isdecimal() else 0.0)
    raise UnreadableFileError(f"{url}: the server answers {status} {response.reason!s:.60}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _reason(error: BaseException) -> str:
    return f"{error or type(error).__name__}"[:200]
