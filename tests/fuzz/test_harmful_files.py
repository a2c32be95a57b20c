"""Pickles that call a function, and archives that reach out or blow up: no reader lets them."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.formats import UnreadableFileError
from tests.fuzz.archives import ESCAPES, archive, npy, npy_with_header
from tests.fuzz.folders import WEIGHTS, sealed
from tests.fuzz.memory import little_memory
from tests.fuzz.mutations import Payload, harmful_pickle

FOLDERS = ["recognition", "masked", "classifier", "checkpoint"]

# Pickles


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_canary_sings_when_it_is_unpickled(tmp_path, protocol):
    pickle.loads(harmful_pickle(tmp_path / "canary", protocol))
    assert (tmp_path / "canary").is_dir()


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("name", [*FOLDERS, "tensorflow"])
def test_a_pickle_in_place_of_a_file_is_not_loaded(readers, read, canary, name, protocol):
    for file in readers[name].samples[0]:
        changed = readers[name].samples[0] | {file: harmful_pickle(canary, protocol)}
        with pytest.raises(UnreadableFileError):
            read(name, changed)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_pickle_as_weights_with_the_right_checksum_is_not_loaded(readers, read, canary, name):
    for content in (harmful_pickle(canary), archive([["a.npy", npy(bomb(canary))]])):
        with pytest.raises(UnreadableFileError, match="no safetensors file"):
            read(name, sealed(readers[name].samples[0] | {WEIGHTS: content}))


def test_a_pickle_beside_the_files_is_not_loaded(readers, read, canary):
    names = ["weights.pkl", "pytorch_model.bin", "config.pkl", "state.npz", ".none.pending"]
    read("recognition", readers["recognition"].samples[0] | dict.fromkeys(names, b"\x80\x04"))


def test_a_pickle_as_an_outcome_is_not_there(readers, read, canary):
    (name,) = readers["outcomes"].samples[0]
    assert read("outcomes", {name: harmful_pickle(canary)}) is None


def bomb(canary, n=4):
    """An array of objects that make the canary sing."""
    objects = np.empty(n, dtype=object)
    objects[:] = [Payload(os.mkdir, str(canary)) for _ in range(n)]
    return objects


def table(canary):
    rows = np.empty(4, dtype=[("number", "<i4"), ("thing", "O")])
    rows["thing"] = bomb(canary)
    return rows


@pytest.mark.parametrize("make", [bomb, table])
@pytest.mark.parametrize("name", ["ecg", "subject", "record", "condition", "meta", "other"])
def test_a_pickle_in_an_archive_is_not_loaded(readers, read, canary, name, make):
    arrays = readers["recordings"].arrays | {name: make(canary)}
    content = archive([[f"{key}.npy", npy(array)] for key, array in arrays.items()])
    with pytest.raises(ValueError, match="is a pickle, which is never read"):
        read("recordings", {"a.npz": content})


def test_the_same_archive_would_make_the_canary_sing(tmp_path):
    content = archive([["a.npy", npy(bomb(tmp_path / "canary", 1))]])
    with np.load(io.BytesIO(content), allow_pickle=True) as loaded:
        assert loaded["a"] is not None
    assert (tmp_path / "canary").is_dir()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_in_place_of_an_archive_is_not_loaded(read, canary, protocol):
    for content in (harmful_pickle(canary, protocol), npy(bomb(canary)), npy(table(canary))):
        with pytest.raises(ValueError, match=r"not an \.npz archive"):
            read("recordings", {"a.npz": content})


# Archives that reach out, or blow up


@pytest.mark.parametrize("name", ESCAPES)
def test_members_that_lead_elsewhere_are_refused_and_nothing_is_written(readers, read, name):
    members = [[f"{key}.npy", npy(array)] for key, array in readers["recordings"].arrays.items()]
    with pytest.raises(ValueError, match="leads out of it"):
        read("recordings", {"a.npz": archive([*members, [name, npy(np.arange(4))]])})
    assert not Path("/tmp/evil.npy").exists()


def test_members_that_are_links_are_refused(readers, read):
    def as_link(entry):
        entry.create_system, entry.external_attr = 3, 0o120777 << 16

    with pytest.raises(ValueError, match="leads out of it"):
        read("recordings", {"a.npz": archive([["a.npy", b"/etc/passwd"]], change=as_link)})


def test_a_gigabyte_of_zeros_in_a_megabyte_is_refused(tmp_path):
    header = f"{{'descr': '|i1', 'fortran_order': False, 'shape': ({2**30},), }}\n"
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as written,
        written.open("ecg.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy_with_header(header, b""))
        for _ in range(2**10):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**21
    with little_memory(), pytest.raises(ValueError, match="unpack to 10737"):
        load_recordings(path)


def test_many_members_that_share_their_bytes_are_refused(tmp_path):
    one = archive([["0.npy", npy(np.zeros(10**6, "i1"))]])
    start, stop = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    entry, end = one[start:stop], bytearray(one[stop:])
    for place in (8, 10):
        end[place : place + 2] = (60).to_bytes(2, "little")
    end[12:16] = (60 * len(entry)).to_bytes(4, "little")
    entries = [entry.replace(b"0.npy", b"%c.npy" % (48 + i)) for i in range(60)]
    (tmp_path / "a.npz").write_bytes(one[:start] + b"".join(entries) + bytes(end))
    with little_memory(), pytest.raises(ValueError, match=r"cannot be read as a recordings file"):
        load_recordings(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(2147483648, 2147483648)"])
@pytest.mark.parametrize("descr", ["'<f8'", "'<U0'", "'|V0'", "'<U999999999'"])
def test_a_huge_shape_is_refused_without_its_memory(readers, read, shape, descr):
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"
    members = [["ecg.npy", npy_with_header(header, bytes(64))]]
    with little_memory(2**20), pytest.raises(ValueError, match=r"'ecg\.npy' (says|has a header)"):
        read("recordings", {"a.npz": archive(members)})
