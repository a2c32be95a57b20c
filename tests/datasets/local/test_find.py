"""Files wherever a user keeps them."""

import os

import pytest

from sklearn_ecgssl.datasets.local._find import find_files, one_each


def names(folder):
    return [path.relative_to(folder).as_posix() for _, path in find_files(folder, r"S(\d+)\.pkl")]


def write(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"")


def test_what_macos_and_others_add(tmp_path):
    write(tmp_path, "a/S2.PKL", "a/._S2.pkl", "__MACOSX/S3.pkl", ".old/S4.pkl", "xS5.pkl")
    assert names(tmp_path) == ["a/S2.PKL"]


def test_links_to_other_places(tmp_path):
    write(tmp_path, "disk/S2/S2.pkl", "disk/S3.pkl", "data/S10/S10.pkl", "disk/deep/S4/S4.pkl")
    data = tmp_path / "data"
    (data / "S2").symlink_to(tmp_path / "disk" / "S2")
    (data / "S3.pkl").symlink_to(tmp_path / "disk" / "S3.pkl")
    (data / "S4.pkl").symlink_to("nowhere")
    (tmp_path / "also").symlink_to(data)
    assert names(data) == ["S10/S10.pkl", "S2/S2.pkl", "S3.pkl"]
    assert names(tmp_path / "also") == ["S10/S10.pkl", "S2/S2.pkl", "S3.pkl"]


def test_links_that_go_round(tmp_path, monkeypatch):
    write(tmp_path, "data/S2/S2.pkl", "disk/S3.pkl")
    for place, target in [
        ("data/up", tmp_path),
        ("data/S2/again", tmp_path / "data"),
        ("data/disk", tmp_path / "disk"),
        ("data/disk too", tmp_path / "disk"),
        ("disk/round", tmp_path / "disk"),
        ("disk/back", tmp_path / "data"),
    ]:
        (tmp_path / place).symlink_to(target)
    left = list(range(20))
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: left.pop() and scandir(path))
    assert names(tmp_path / "data") == ["S2/S2.pkl", "disk/S3.pkl"]


def test_a_link_is_not_the_same_again(tmp_path):
    write(tmp_path, "S2/S2.pkl")
    (tmp_path / "A").symlink_to(tmp_path / "S2")
    (tmp_path / "S0").mkdir()
    (tmp_path / "S0" / "S2.pkl").symlink_to(tmp_path / "S2" / "S2.pkl")
    found = find_files(tmp_path, r"S(\d+)\.pkl")
    files = one_each(((match[1], path) for match, path in found), tmp_path)
    assert files == {"2": tmp_path / "S2" / "S2.pkl"}


def test_a_folder_that_must_not_be_read(tmp_path, monkeypatch):
    write(tmp_path, "S2/S2.pkl", "S3/S3.pkl")
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("S3"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.warns(UserWarning, match="S3 must not be looked into"):
        assert names(tmp_path) == ["S2/S2.pkl"]
