"""The list of checksums, which comes over the network and is believed in nothing else."""

import hashlib

import pytest

from sklearn_ecgssl.datasets.physionet import _sums
from sklearn_ecgssl.datasets.physionet._files import Files
from sklearn_ecgssl.datasets.physionet._sums import read_sums
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers.physionet import write_database

HASH = hashlib.sha256(b"x").hexdigest()


def test_lines():
    text = f"{HASH} a.dat\n{HASH.upper()}  sub/b c.dat\r\n{HASH} *d.dat\n\n{HASH}\te.dat"
    assert read_sums(text.encode(), "it") == dict.fromkeys(
        ["a.dat", "sub/b c.dat", "d.dat", "e.dat"], HASH
    )


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "a/..",
        "/etc/x",
        "./x",
        "a//x",
        "a/",
        "..\\x",
        "C:/x",
        "c:x",
        "a\\x",
        "a\0x",
        "a\x1b[2Jx",
    ],
)
def test_paths_that_lead_out(name):
    with pytest.raises(UnreadableFileError, match="line 2 .* leads out of its folder"):
        read_sums(f"{HASH} good\n{HASH} {name}\n".encode(), "it")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"<!DOCTYPE html><html>Please log in</html>", "line 1 '<!DOCTYPE"),
        (HASH[:-1].encode() + b" a", "line 1"),
        (HASH.encode() + b"\n", "line 1"),
        (f"{HASH} a\n{HASH[::-1]} a".encode(), "line 2 a second checksum"),
        (f"{HASH} a".encode() + b"\xff", "no text, at byte 66"),
    ],
)
def test_no_list(content, message):
    with pytest.raises(UnreadableFileError, match=message):
        read_sums(content, "it")


@pytest.mark.parametrize("content", [b"<html>", f"{HASH} ../../stolen\n".encode(), b"\xff\xfe"])
def test_no_list_on_the_server(server, home, content):
    server.bodies["toy/1.0.0/SHA256SUMS.txt"] = content
    server.bodies["stolen"] = b"x"
    with pytest.raises(UnreadableFileError, match="SHA256SUMS.txt"):
        Files(home / "toy/1.0.0", f"{server.url}/toy/1.0.0/", download=True, verbose=0)
    assert [path.name for path in home.rglob("*") if path.is_file()] == [".lock"]
    assert not (home.parent / "stolen").exists()


@pytest.mark.parametrize("says_length", [True, False])
def test_no_end(server, home, monkeypatch, says_length):
    monkeypatch.setattr(_sums, "MOST_BYTES", 1000)
    server.says_length = says_length
    server.bodies["toy/1.0.0/SHA256SUMS.txt"] = f"{HASH} a\n".encode() * 1000
    with pytest.raises(UnreadableFileError, match="more than 1000 bytes"):
        Files(home / "toy/1.0.0", f"{server.url}/toy/1.0.0/", download=True, verbose=0)
    assert not (home / "toy/1.0.0/SHA256SUMS.txt").exists()
    with pytest.raises(UnreadableFileError, match="more than 1000"):
        read_sums(bytes(1001), "it")


def test_rest_of_a_list_is_not_believed(server, home):
    write_database(server.root, "toy", {"a.dat": b"a"}, ["a"])
    folder = home / "toy/1.0.0"
    folder.mkdir(parents=True)
    (folder / "SHA256SUMS.txt.part").write_bytes(b"<html>")
    files = Files(folder, f"{server.url}/toy/1.0.0/", download=True, verbose=0)
    assert list(files.sums) == ["RECORDS", "a.dat"]
    assert server.requests == [("toy/1.0.0/SHA256SUMS.txt", "")]


def test_list_of_another_data_set(server, home):
    write_database(server.root, "toy", {"a.dat": b"a"}, ["a"])
    files = Files(home / "toy/1.0.0", f"{server.url}/toy/1.0.0/", download=True, verbose=0)
    with pytest.raises(UnreadableFileError, match="does not list b.dat: it is of another data"):
        files.fetch(["a.dat", "b.dat"])
    assert len(server.requests) == 1


def test_list_of_the_user(home, monkeypatch):
    folder = home / "toy/1.0.0"
    folder.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(_sums, "MOST_BYTES", 1000)
        (folder / "SHA256SUMS.txt").write_bytes(bytes(1001))
        with pytest.raises(UnreadableFileError, match="SHA256SUMS.txt has more than 1000 bytes"):
            Files(folder, "http://127.0.0.1:1/", download=True, verbose=0)
    (folder / "SHA256SUMS.txt").write_bytes(b"nonsense")
    with pytest.raises(UnreadableFileError, match="delete it, and it is downloaded again"):
        Files(folder, "http://127.0.0.1:1/", download=True, verbose=0)
