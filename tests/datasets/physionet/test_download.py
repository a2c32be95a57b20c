"""Downloading a file: resumed, bounded, and never half under its name."""

import errno
import hashlib
import io
import multiprocessing
import os
import threading
import warnings
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests

from sklearn_ecgssl.datasets.physionet import _download, _files
from sklearn_ecgssl.datasets.physionet._download import download
from sklearn_ecgssl.datasets.physionet._files import Files
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers.physionet import write_database

BIG = np.random.default_rng(0).bytes(300_000)
PATH = "toy/1.0.0/sub/big.dat"


@pytest.fixture
def toy(server):
    write_database(server.root, "toy", {"sub/big.dat": BIG, "small.txt": b"small"}, ["small"])
    return server


@pytest.fixture
def files(toy, home):
    def files(**options):
        options = {"download": True, "verbose": 0, **options}
        return Files(home / "toy/1.0.0", f"{toy.url}/toy/1.0.0/", **options)

    return files


def there(home):
    """Files in the folder of downloads, without the lock."""
    found = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.name != ".lock")


def test_fetch(toy, files, home):
    (path,) = files().fetch(["sub/big.dat"])
    assert path == home / "toy/1.0.0/sub/big.dat"
    assert path.read_bytes() == BIG
    assert toy.asked() == ["toy/1.0.0/SHA256SUMS.txt", PATH]
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt", "toy/1.0.0/sub/big.dat"]


def test_what_is_there_is_not_asked_for(toy, files):
    files().fetch(["sub/big.dat", "small.txt"])
    toy.requests.clear()
    files().fetch(["sub/big.dat", "small.txt"])
    files(download=False).fetch(["sub/big.dat"])
    assert toy.requests == []


def test_folder_of_wget_that_cannot_be_written(toy, files, home):
    (home / "toy").parent.mkdir()
    os.rename(toy.root / "toy", home / "toy")
    before = sorted(home.rglob("*"))
    files().fetch(["sub/big.dat", "small.txt", "RECORDS"])
    assert toy.requests == []
    assert sorted(home.rglob("*")) == before  # not even a lock


def test_broken_connection_goes_on(toy, files):
    pieces = [100_000, 7, 50_000, *[9_000] * 12]  # more often than it is tried without progress
    toy.breaks[PATH] = list(pieces)
    (path,) = files().fetch(["sub/big.dat"])
    assert path.read_bytes() == BIG
    assert toy.sent[PATH] == len(BIG)  # no byte twice
    starts = [wanted for path, wanted in toy.requests if path == PATH]
    assert starts == ["", *(f"bytes={n}-" for n in np.cumsum(pieces))]
    said = toy.asked_with[-1]
    assert said["Accept-Encoding"] == "identity"
    assert said["If-Range"] == f'"{hash(BIG)}"'


def test_weak_tag_is_no_promise(toy, files):
    toy.breaks[PATH] = [100_000]
    toy.headers[PATH] = {"ETag": 'W/"weak"'}
    assert files().fetch(["sub/big.dat"])[0].read_bytes() == BIG
    assert "If-Range" not in toy.asked_with[-1]


def test_short_answer_is_seen_whatever_the_library_says(tmp_path):
    response = requests.Response()
    response.headers["Content-Length"] = "10"
    response.raw = io.BytesIO(b"1234567")
    transfer = _download._Transfer(None, "http://x/y", tmp_path / "y.part", None, 0)
    with pytest.raises(_download._TryAgainError, match="broke off after byte 7 of 10"):
        transfer._receive(response, 0)


def test_next_call_goes_on(toy, files, home):
    toy.breaks[PATH] = [100_000] + [0] * 50
    with pytest.raises(ConnectionError, match="broke off after byte 100000 of 300000") as raised:
        files().fetch(["sub/big.dat"])
    for told in ("lacks sub/big.dat", str(home), f"{toy.url}/toy/1.0.0/", "Of 3 files, 0 are in"):
        assert told in str(raised.value)
    assert toy.asked().count(PATH) == 1 + len(_download.DELAYS)
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt", "toy/1.0.0/sub/big.dat.part"]
    toy.breaks.clear()
    (path,) = files().fetch(["sub/big.dat"])
    assert path.read_bytes() == BIG
    assert toy.sent[PATH] == len(BIG)
    assert there(home)[-1] == "toy/1.0.0/sub/big.dat"


def test_server_without_ranges_begins_anew(toy, files):
    toy.ranges = False
    toy.breaks[PATH] = [100_000]
    (path,) = files().fetch(["sub/big.dat"])
    assert path.read_bytes() == BIG
    assert toy.sent[PATH] == 100_000 + len(BIG)


def test_file_that_changed_meanwhile_begins_anew(toy, files):
    toy.breaks[PATH] = [100_000]
    toy.bodies[PATH] = b"old" + BIG
    real, calls = requests.Session.get, []

    def get(*args, **kwargs):
        if len(calls) == 2:
            toy.bodies.clear()
        calls.append(1)
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "get", get)
        (path,) = files().fetch(["sub/big.dat"])
    assert path.read_bytes() == BIG


@pytest.mark.parametrize("rest", [b"something else", BIG[:1000] + b"x", BIG + b"more", BIG])
def test_rest_of_an_earlier_download(toy, files, home, rest):
    part = home / "toy/1.0.0/sub/big.dat.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(rest)
    (path,) = files().fetch(["sub/big.dat"])
    assert path.read_bytes() == BIG
    if rest == BIG:
        assert PATH not in toy.sent  # 416: it was whole
    assert not part.exists()


def test_wrong_range_is_not_believed(toy, files, home):
    part = home / "toy/1.0.0/sub/big.dat.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BIG[:1000])
    toy.headers[PATH] = {"Content-Range": "bytes 7-299999/300000"}
    (path,) = files().fetch(["sub/big.dat"])
    assert path.read_bytes() == BIG
    assert [wanted for path, wanted in toy.requests if path == PATH] == ["bytes=1000-", ""]


def test_busy_server(toy, files):
    toy.status[PATH] = [503, 429, 500]
    assert files().fetch(["sub/big.dat"])[0].read_bytes() == BIG
    assert toy.asked().count(PATH) == 4


def test_waits_as_long_as_the_server_asks(toy, files, monkeypatch):
    waited = []
    monkeypatch.setattr(_download.time, "sleep", waited.append)
    monkeypatch.setattr(_download, "DELAYS", (0.5, 1.0, 2.0))
    toy.status[PATH] = [503, 429, 503]
    toy.headers[PATH] = {"Retry-After": "7"}
    files().fetch(["sub/big.dat"])
    assert waited == [7.0, 7.0, 7.0]
    toy.headers[PATH] = {"Retry-After": "99999999"}
    toy.status[PATH] = [503, 503, 503, 503]
    (files().folder / "sub/big.dat").unlink()
    waited.clear()
    with pytest.raises(ConnectionError, match="answers 503"):
        files().fetch(["sub/big.dat"])
    assert waited == [60.0] * 3


def test_wrong_checksum(toy, files, home):
    toy.bodies[PATH] = b"x" + BIG[1:]
    with pytest.raises(UnreadableFileError) as raised:
        files().fetch(["sub/big.dat"])
    for told in (
        "big.dat",
        hashlib.sha256(toy.bodies[PATH]).hexdigest(),
        hashlib.sha256(BIG).hexdigest(),
        "was deleted",
    ):
        assert told in str(raised.value)
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt"]


def test_file_that_is_there_but_wrong(toy, files, home):
    path = home / "toy/1.0.0/sub/big.dat"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    (home / "toy/1.0.0/SHA256SUMS.txt").write_bytes(
        (toy.root / "toy/1.0.0/SHA256SUMS.txt").read_bytes()
    )
    with pytest.raises(FileNotFoundError, match=r"sub/big.dat: there, with a wrong checksum"):
        files(download=False).fetch(["sub/big.dat"])
    toy.status[PATH] = 404
    with pytest.raises(FileNotFoundError):
        files().fetch(["sub/big.dat"])
    assert path.read_bytes() == b"damaged"  # until there is something better
    toy.status.clear()
    with pytest.warns(UserWarning, match="big.dat had not the checksum .* and was replaced"):
        files().fetch(["sub/big.dat"])
    assert path.read_bytes() == BIG


def test_file_that_is_damaged_later(files):
    store = files()
    for _ in range(2):
        (path,) = store.fetch(["small.txt"])
    path.write_bytes(b"smal1")
    os.utime(path, ns=(1, 1))
    with pytest.warns(UserWarning, match="was replaced"):
        store.fetch(["small.txt"])
    assert path.read_bytes() == b"small"


def test_file_is_checked_once(files, monkeypatch):
    files().fetch(["sub/big.dat"])
    store, real, checked = files(), _files._checksum, []
    monkeypatch.setattr(_files, "_checksum", lambda path: checked.append(path) or real(path))
    for _ in range(3):
        store.fetch(["sub/big.dat"])
    assert len(checked) == 1


def test_missing_on_the_server(toy, files, home):
    (toy.root / PATH).unlink()
    with pytest.raises(FileNotFoundError) as raised:
        files().fetch(["small.txt", "sub/big.dat"])
    for told in (f"{toy.url}/{PATH}", "404", "SHA256SUMS.txt lists it", "Of 3 files, 1 are in"):
        assert told in str(raised.value)
    assert toy.asked().count(PATH) == 1  # asking again would not help
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt", "toy/1.0.0/small.txt"]


def test_database_that_does_not_exist(server, home):
    with pytest.raises(FileNotFoundError, match="Is there such a data set, in this version"):
        Files(home / "no/1.0.0", f"{server.url}/no/1.0.0/", download=True, verbose=0)
    assert there(home) == []


@pytest.mark.parametrize("path", [PATH, "toy/1.0.0/SHA256SUMS.txt"])
def test_not_for_everyone(toy, files, path):
    toy.status[path] = 403
    with pytest.raises(PermissionError, match="Only openly licensed data sets are downloaded"):
        files().fetch(["sub/big.dat"])


def test_other_status(toy, files):
    toy.status[PATH] = 418
    with pytest.raises(UnreadableFileError, match="answers 418"):
        files().fetch(["sub/big.dat"])


def test_no_network(toy, files, home):
    store = files()
    store.fetch(["small.txt"])
    store.url = "http://127.0.0.1:1/toy/1.0.0/"  # nobody listens
    store.fetch(["small.txt"])
    for _ in range(2):
        with pytest.raises(ConnectionError, match="cannot be reached") as raised:
            store.fetch(["small.txt", "sub/big.dat"])
        for told in ("lacks sub/big.dat,", "Of 3 files, 1 are in", "Put them there", store.url):
            assert told in str(raised.value)
    with pytest.raises(ConnectionError, match="lacks SHA256SUMS.txt"):
        Files(home / "other/1.0.0", store.url, download=True, verbose=0)


def test_no_second_try_once_there_is_no_network(files, monkeypatch):
    store = files()
    calls = []

    def refuse(*args, **kwargs):
        calls.append(1)
        raise ConnectionError("no network")

    monkeypatch.setattr(_download, "download", refuse)
    for _ in range(3):
        with pytest.raises(ConnectionError, match="no network"):
            store.fetch(["sub/big.dat", "small.txt"])
    assert len(calls) == 1


def test_disk_full_by_the_limit_of_the_system(toy, files, home):
    resource = pytest.importorskip("resource")
    store = files()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="The disk is full") as raised:
            store.fetch(["sub/big.dat"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert raised.value.errno == errno.ENOSPC
    assert "100000 bytes are in" in str(raised.value)
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt", "toy/1.0.0/sub/big.dat.part"]
    assert store.fetch(["sub/big.dat"])[0].read_bytes() == BIG  # and goes on
    wanted = [wanted for path, wanted in toy.requests if path == PATH]
    assert wanted == ["", "bytes=100000-"]


def test_disk_full_in_the_middle(files, monkeypatch, home):
    class Full(io.FileIO):
        def write(self, data):
            if self.tell() > 50_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    store = files()
    real = open
    with monkeypatch.context() as patch:
        patch.setattr(
            _download,
            "open",
            lambda path, mode: Full(path, mode) if "b" in mode else real(path, mode),
            raising=False,
        )
        with pytest.raises(OSError, match="The disk is full.*goes on where it stopped") as raised:
            store.fetch(["sub/big.dat"])
    assert raised.value.errno == errno.ENOSPC
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt", "toy/1.0.0/sub/big.dat.part"]
    assert store.fetch(["sub/big.dat"])[0].read_bytes() == BIG


def test_disk_that_will_be_full(files, monkeypatch, home):
    store = files()
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(_download.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OSError, match="300000 bytes are to come, and 1000 are free"):
        store.fetch(["sub/big.dat"])
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt"]


def test_server_that_does_not_say_how_much(toy, files):
    toy.says_length = False
    assert files().fetch(["sub/big.dat"])[0].read_bytes() == BIG


def test_server_that_sends_in_chunks(toy, files):
    toy.chunked = True
    toy.breaks[PATH] = [100_000]
    assert files().fetch(["sub/big.dat"])[0].read_bytes() == BIG
    assert toy.sent[PATH] == len(BIG)


def test_server_that_does_not_answer(tmp_path, monkeypatch):
    asked = []

    def get(self, url, **options):
        asked.append(options)
        raise requests.ReadTimeout("nothing came")

    monkeypatch.setattr(requests.Session, "get", get)
    with pytest.raises(ConnectionError, match="cannot be reached .nothing came"):
        download("http://127.0.0.1/x", tmp_path / "x.part")
    assert len(asked) == 1 + len(_download.DELAYS)
    assert all(options["timeout"] == (10.0, 30.0) and options["stream"] for options in asked)


def test_no_more_than_asked_for(toy, tmp_path):
    part = tmp_path / "some.part"
    for toy.says_length in (True, False):
        with pytest.raises(UnreadableFileError, match="more than 1000 bytes"):
            download(f"{toy.url}/{PATH}", part, most_bytes=1000)
        assert not part.exists() or part.stat().st_size <= 1000


def test_drip_is_given_up(toy, tmp_path):
    toy.breaks[PATH] = [1] * 1000
    with pytest.raises(ConnectionError, match="broke off"):
        download(f"{toy.url}/{PATH}", tmp_path / "some.part")
    assert len(toy.requests) == len(_download.DELAYS) + 1


def test_compressed_answer(toy, files):
    toy.headers[PATH] = {"Content-Encoding": "gzip"}
    with pytest.raises(UnreadableFileError, match=r"sent compressed \(gzip\)"):
        files().fetch(["sub/big.dat"])


def test_moved(toy, files):
    toy.moved[PATH] = f"{toy.url}/toy/1.0.0/elsewhere"
    toy.bodies["toy/1.0.0/elsewhere"] = BIG
    assert files().fetch(["sub/big.dat"])[0].read_bytes() == BIG


@pytest.mark.parametrize("target", ["file://{secret}", "ftp://127.0.0.1/x", "/" + PATH])
def test_moved_to_where_nobody_follows(toy, files, home, tmp_path, target):
    secret = tmp_path / "secret"
    secret.write_bytes(BIG)  # even if it had the right checksum
    toy.moved[PATH] = target.format(secret=secret)
    with pytest.raises(UnreadableFileError, match="big.dat"):
        files().fetch(["sub/big.dat"])
    assert there(home) == ["toy/1.0.0/SHA256SUMS.txt"]


def test_no_way_from_https_to_http():
    response = requests.Response()
    response.status_code, response.url = 200, "http://example.org/x"
    with pytest.raises(UnreadableFileError, match="is not safe"):
        _download._check_status("https://example.org/x", response)


def test_name_that_is_no_address(server, home):
    write_database(server.root, "odd", {"a b#c?d%20é.txt": b"odd"}, ["x"])
    store = Files(home / "odd/1.0.0", f"{server.url}/odd/1.0.0/", download=True, verbose=0)
    assert store.fetch(["a b#c?d%20é.txt"])[0].read_bytes() == b"odd"


def test_two_threads(toy, home, recwarn):
    url, results = f"{toy.url}/toy/1.0.0/", []

    def fetch():
        store = Files(home / "toy/1.0.0", url, download=True, verbose=0)
        results.append(store.fetch(["sub/big.dat"])[0].read_bytes())

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [BIG] * 4
    assert [str(one.message) for one in recwarn] == []
    assert toy.asked().count(PATH) == toy.asked().count("toy/1.0.0/SHA256SUMS.txt") == 1


def test_file_that_another_process_has_fetched_meanwhile(toy, files, recwarn):
    slow = files()
    files().fetch(["small.txt"])
    slow._fetch_one("small.txt")  # it lacked when this was decided
    assert toy.asked().count("toy/1.0.0/small.txt") == 1
    assert [str(one.message) for one in recwarn] == []


def _fetch(folder, url):
    store = Files(Path(folder), url, download=True, verbose=0)
    os._exit(0 if store.fetch(["sub/big.dat"])[0].read_bytes() == BIG else 1)


def test_two_processes(toy, home):
    folder, url = str(home / "toy/1.0.0"), f"{toy.url}/toy/1.0.0/"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the server's thread is not of the children
        jobs = [
            multiprocessing.get_context("fork").Process(target=_fetch, args=(folder, url))
            for _ in range(2)
        ]
        for job in jobs:
            job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0]
    assert toy.asked().count(PATH) == 1


def test_progress(files, capfd, monkeypatch):
    said = []
    monkeypatch.setattr(pooch.get_logger().handlers[0], "emit", said.append)
    files().fetch(["small.txt"])
    assert capfd.readouterr().err == ""
    assert said == []  # pooch has lines of its own
    files(verbose=1).fetch(["sub/big.dat"])
    assert "big.dat" in capfd.readouterr().err


class Trickle(io.BytesIO):
    """Sends a byte each time, ten seconds after the last."""

    def __init__(self, content, clock):
        super().__init__(content)
        self.clock = clock

    def read1(self, _):
        self.clock[0] += 10
        return self.read(1)


@pytest.mark.parametrize("length", [{}, {"Content-Length": "100000"}])
def test_server_that_sends_a_byte_now_and_then(tmp_path, monkeypatch, length):
    clock = [0.0]
    monkeypatch.setattr(_download.time, "monotonic", lambda: clock[0])
    response = requests.Response()
    response.headers.update(length)
    response.raw = Trickle(bytes(100_000), clock)
    transfer = _download._Transfer(None, "http://x/y", tmp_path / "y.part", None, 0)
    with pytest.raises(_download._TryAgainError, match="sends less than 16384 bytes in 60 s"):
        transfer._receive(response, 0)
    assert clock[0] <= 70
    assert (tmp_path / "y.part").stat().st_size == 6


def test_end_that_comes_slowly_is_no_failure(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(_download.time, "monotonic", lambda: clock[0])
    response = requests.Response()
    response.headers["Content-Length"] = "6"
    response.raw = Trickle(b"123456", clock)
    _download._Transfer(None, "http://x/y", tmp_path / "y.part", None, 0)._receive(response, 0)
    assert (tmp_path / "y.part").read_bytes() == b"123456"
