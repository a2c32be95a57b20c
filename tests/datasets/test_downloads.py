"""Downloads: checksums are verified, what is there is used, and what fails says what to do."""

import sys

import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._downloads import Downloads, data_folder
from tests.datasets.writers.physionet import write_database

BIG = bytes(range(256)) * 400
BASE = "toy/1.0.0/"
SUMS = "SHA256SUMS.txt"
ODD = "a+b&c#d?e%20\u00e9.txt"  # a name that is no address


@pytest.fixture
def toy(server):
    files = {"sub/big.dat": BIG, "small.txt": b"small", ODD: b"odd"}
    write_database(server.root, "toy", files, ["small"])
    return server


@pytest.fixture
def files(toy, home):
    def files(download=True, **options):
        return Downloads(home / BASE, f"{toy.url}/{BASE}", download, **options)

    return files


def there(home):
    found = (path.relative_to(home / BASE).as_posix() for path in home.rglob("*.*t"))
    return sorted(found)


def test_only_what_is_asked_for_is_downloaded_and_once(toy, files, home, monkeypatch):
    (path,) = files().fetch(["sub/big.dat"])
    assert path == home / BASE / "sub/big.dat"
    assert path.read_bytes() == BIG
    assert toy.requests == [f"{BASE}{SUMS}", f"{BASE}sub/big.dat"]
    assert there(home) == [SUMS, "sub/big.dat"]
    assert files().fetch([ODD])[0].read_bytes() == b"odd"
    toy.requests.clear()
    monkeypatch.setitem(sys.modules, "pooch", None)
    files(download=False).fetch(["sub/big.dat", ODD])
    assert toy.requests == []


@pytest.mark.parametrize("damaged", [b"damaged", b"x" + BIG[1:], b""])
def test_file_with_a_wrong_checksum_is_downloaded_again(toy, files, damaged):
    store = files()
    (path,) = store.fetch(["sub/big.dat"])
    path.write_bytes(damaged)  # found right once, it may still be damaged later
    with pytest.raises(FileNotFoundError, match="sub/big.dat: there, with a wrong checksum"):
        files(download=False).fetch(["sub/big.dat"])
    toy.status[f"{BASE}sub/big.dat"] = [404] * 9
    with pytest.raises(ConnectionError, match="404"):
        store.fetch(["sub/big.dat"])
    assert path.read_bytes() == damaged
    toy.status.clear()
    assert store.fetch(["sub/big.dat"])[0].read_bytes() == BIG


def test_wrong_bytes_from_the_server_are_not_kept(toy, files, home, capfd):
    on_server = toy.root / BASE / "sub/big.dat"
    on_server.write_bytes(b"x" + BIG[1:])
    with pytest.raises(UnreadableFileError, match="sub/big.dat: what http.* has not the SHA-256"):
        files().fetch(["sub/big.dat"])
    assert there(home) == [SUMS]
    assert capfd.readouterr().err == ""
    on_server.write_bytes(BIG)
    assert files(verbose=1).fetch(["sub/big.dat"])[0].read_bytes() == BIG
    assert "100%" in capfd.readouterr().err


@pytest.mark.parametrize("status", [404, 503])
@pytest.mark.parametrize("name", ["sub/big.dat", SUMS])
def test_server_that_refuses(toy, files, home, name, status):
    toy.status[f"{BASE}{name}"] = [status] * 9
    with pytest.raises(ConnectionError, match=f"lacks {name}, .*{status}.*names its versions"):
        files().fetch(["sub/big.dat"])
    assert not (home / BASE / name).exists()
    toy.status[f"{BASE}{name}"] = [503, 500]  # and twice only
    assert files().fetch(["sub/big.dat"])[0].read_bytes() == BIG


def test_no_network(files, home):
    store = files()
    store.fetch(["small.txt"])
    store.url = f"http://127.0.0.1:1/{BASE}"  # nobody listens
    store.fetch(["small.txt"])
    with pytest.raises(ConnectionError, match=f"{home}.* lacks sub/big.dat, and downloading fails"):
        store.fetch(["sub/big.dat"])
    store.download = False
    with pytest.raises(FileNotFoundError, match="lacks sub/big.dat, RECORDS, and .*Put them"):
        store.fetch(["small.txt", "sub/big.dat", "RECORDS"])


def test_folder_of_downloads(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SKLEARN_ECGSSL_HOME", raising=False)
    assert "sklearn_ecgssl" in data_folder(None).name
    monkeypatch.setenv("SKLEARN_ECGSSL_HOME", "~/ecg")
    assert data_folder(None) == tmp_path / "ecg"
    assert data_folder("~/mine") == tmp_path / "mine"
