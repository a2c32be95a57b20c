"""A folder of a configuration and weights: whole or refused, old or new, never half."""

import json
import os
import resource
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError, _folder, read_folder, write_folder
from sklearn_ecgssl.formats._readable_json import WIDTH, to_readable_json

ROOT = Path(__file__).resolve().parents[2]
OLD = {"weights": np.arange(30, dtype=np.float32)}
NEW = {"weights": np.arange(40, dtype=np.float32) * 2}


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "a" / "folder", "pretrained", {"class": "Some", "n": 1}, OLD)


def config_of(folder):
    return json.loads((folder / "config.json").read_bytes())


def rewrite(folder, sign=True, **changes):
    config = config_of(folder) | changes
    if sign:
        config["config_sha256"] = _folder._config_checksum(config)
    (folder / "config.json").write_text(json.dumps(config))


ARRAYS = {
    "float": np.linspace(-1, 1, 7, dtype=np.float32),
    "double": np.array([[1e300, -0.0], [np.inf, np.nan]]),
    "half": np.ones((2, 1, 3), np.float16),
    "long": np.array([-(2**63), 2**63 - 1]),
    "byte": np.arange(5, dtype=np.uint8),
    "flag": np.array([True, False]),
    "big-endian": np.arange(4, dtype=">f4"),
    "strided": np.arange(24, dtype=np.float32).reshape(4, 6)[::2, ::-3],
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "scalar": np.array(3.5),
    "empty": np.empty((0, 4), np.float32),
}


def test_what_is_written_is_read(tmp_path):
    content = {"text": "µV\n", "list": [1, 2.5, None, True, {"deep": []}], "tiny": 5e-324}
    assert write_folder(tmp_path, "checkpoint", content, ARRAYS) == tmp_path
    config, arrays = read_folder(str(tmp_path), "checkpoint")
    assert {name: config[name] for name in content} == content
    assert list(arrays) == sorted(ARRAYS) or set(arrays) == set(ARRAYS)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, ARRAYS[name])
        assert (array.shape, array.dtype.newbyteorder("=")) == (
            ARRAYS[name].shape, ARRAYS[name].dtype.newbyteorder("="),
        )  # fmt: skip


def test_the_same_gives_the_same_bytes(tmp_path):
    for name in "ab":
        write_folder(tmp_path / name, "pretrained", {"n": 1}, ARRAYS)
    for file in ("config.json", "weights.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_other_files_are_left_alone(folder):
    (folder / "README.md").write_text("a model card")
    write_folder(folder, "pretrained", {}, NEW)
    assert (folder / "README.md").read_text() == "a model card"
    assert {path.name for path in folder.iterdir()} == {
        "README.md", "config.json", "weights.safetensors", ".writing.lock",
    }  # fmt: skip


class TestRefused:
    """Each fault is named for what it is."""

    def refused(self, folder, message):
        with pytest.raises(UnreadableFileError, match=message) as caught:
            read_folder(folder, "pretrained")
        assert str(folder) in str(caught.value)

    def test_no_folder(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="There is no folder .*nowhere"):
            read_folder(tmp_path / "nowhere", "pretrained")

    def test_no_configuration(self, tmp_path):
        self.refused(tmp_path, "is foreign: it has no config.json")

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
    def test_configuration_that_is_no_json(self, folder, content):
        (folder / "config.json").write_bytes(content)
        self.refused(folder, "truncated or altered: it is no JSON")

    def test_configuration_cut_anywhere(self, folder):
        whole = (folder / "config.json").read_bytes()
        for end in range(0, len(whole), 7):
            (folder / "config.json").write_bytes(whole[:end])
            self.refused(folder, "truncated or altered")

    @pytest.mark.parametrize("content", ["[]", "3", "{}", '{"model_type": "bert"}'])
    def test_configuration_of_something_else(self, folder, content):
        (folder / "config.json").write_text(content)
        self.refused(folder, "is foreign: its format is")

    def test_enormous_configuration(self, folder):
        with open(folder / "config.json", "r+b") as stream:
            stream.truncate(_folder.MAX_CONFIG_BYTES + 1)
        self.refused(folder, "is foreign: 16777217 bytes are too many")

    def test_enormous_configuration_is_not_written(self, folder):
        with pytest.raises(ValueError, match="config.json would have .* bytes, 16777216 are allow"):
            write_folder(folder, "pretrained", {"text": "x" * 2**24}, NEW)
        assert read_folder(folder, "pretrained")[0]["n"] == 1

    def test_another_kind(self, folder):
        with pytest.raises(UnreadableFileError, match="'sklearn_ecgssl pretrained', not .*checkp"):
            read_folder(folder, "checkpoint")

    def test_newer_version(self, folder):
        rewrite(folder, format_version=2, package_version="9.8", sign=False)
        self.refused(folder, "of a newer version: format 2, written by sklearn_ecgssl 9.8")

    @pytest.mark.parametrize("change", [{"n": 2}, {"class": "Other"}, {"format_version": 0}])
    def test_altered_configuration(self, folder, change):
        rewrite(folder, **change, sign=False)
        self.refused(folder, "is altered: its checksum")

    @pytest.mark.parametrize(
        "change",
        [
            {"weights": None}, {"weights": {}}, {"weights": {"sha256": "0", "bytes": "0"}},
            {"format_version": True}, {"format_version": "1"}, {"format_version": 0},
        ],
    )  # fmt: skip
    def test_signed_configuration_of_another_layout(self, folder, change):
        rewrite(folder, **change)
        self.refused(folder, "is foreign: it is not laid out")

    def test_truncated_weights(self, folder):
        file = folder / "weights.safetensors"
        whole = file.read_bytes()
        for end in range(len(whole)):
            file.write_bytes(whole[:end])
            self.refused(folder, f"is truncated: it has {end} bytes of {len(whole)}")

    def test_weights_with_more_behind_them(self, folder):
        with open(folder / "weights.safetensors", "ab") as stream:
            stream.write(b"\0")
        self.refused(folder, "is altered: it has")

    def test_every_altered_byte_of_the_weights(self, folder):
        file = folder / "weights.safetensors"
        whole = file.read_bytes()
        for i in range(len(whole)):
            file.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
            self.refused(folder, "is altered: its checksum is not the one in config.json")

    def test_missing_weights(self, folder):
        (folder / "weights.safetensors").unlink()
        self.refused(folder, "is incomplete: there is no weights.safetensors")

    def test_signed_weights_that_are_none(self, folder):
        garbage = b"\xff" * 40
        (folder / "weights.safetensors").write_bytes(garbage)
        rewrite(
            folder, weights={"bytes": 40, "sha256": _folder.hashlib.sha256(garbage).hexdigest()}
        )
        self.refused(folder, "is no safetensors file")


class TestReplaced:
    """Wherever writing stops, the folder holds the old pair or the new one."""

    @pytest.mark.parametrize("name", ["replace", "fsync"])
    def test_after_an_error_at_any_call(self, folder, monkeypatch, name):
        function, states = getattr(os, name), []
        for failing in range(1, 10):
            calls = []

            def fail(*args, calls=calls, failing=failing):
                calls.append(1)
                if len(calls) == failing:
                    raise OSError(28, "No space left on device")
                return function(*args)

            write_folder(folder, "pretrained", {"n": "old"}, OLD)
            monkeypatch.setattr(os, name, fail)
            with suppress(OSError):
                write_folder(folder, "pretrained", {"n": "new"}, NEW)
            monkeypatch.undo()
            config, arrays = read_folder(folder, "pretrained")
            states.append(config["n"])
            np.testing.assert_array_equal(
                arrays["weights"], (OLD if config["n"] == "old" else NEW)["weights"]
            )
            write_folder(folder, "pretrained", {"n": "again"}, OLD)
            assert read_folder(folder, "pretrained")[0]["n"] == "again"
            assert not list(folder.glob("*.tmp")) + list(folder.glob("*.pending"))
        assert states[0] == "old"
        assert states[-1] == "new"

    def test_nothing_is_left_of_a_first_write_that_failed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            write_folder(tmp_path, "pretrained", {}, OLD)
        assert {path.name for path in tmp_path.iterdir()} <= {".writing.lock"}

    def test_on_a_disk_that_is_full(self, folder):
        """A real write that comes back short: files may not grow beyond 4 KiB."""
        code = f"""
import resource, numpy as np
from sklearn_ecgssl.formats import write_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
write_folder({str(folder)!r}, "pretrained", {{"n": "new"}}, {{"weights": np.ones(100_000)}})
"""
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
        assert "OSError: [Errno 27] File too large" in run.stderr
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096
        config, arrays = read_folder(folder, "pretrained")
        assert config["n"] == 1
        np.testing.assert_array_equal(arrays["weights"], OLD["weights"])
        assert {path.name for path in folder.iterdir()} == {
            "config.json", "weights.safetensors", ".writing.lock",
        }  # fmt: skip

    def test_when_the_process_is_killed_at_any_step(self):
        run = subprocess.run(
            [sys.executable, "-m", "tests.killing", "save"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout)
        n_kills = found["killed at a step"]
        assert n_kills >= 15
        assert found["old"] > 5
        assert found["new"] > 3
        assert found["old"] + found["new"] == found["saved again"] == found["clean"] == n_kills + 1

    def test_what_others_wrote_is_never_replaced(self, tmp_path):
        for content in ('{"model_type": "bert"}', "not even JSON"):
            (tmp_path / "config.json").write_text(content)
            with pytest.raises(UnreadableFileError, match="foreign|no JSON"):
                write_folder(tmp_path, "pretrained", {}, OLD)
            assert (tmp_path / "config.json").read_text() == content
            assert not (tmp_path / "weights.safetensors").exists()

    def test_damage_of_our_own_is_replaced(self, folder):
        for damage in ({"weights": None}, {"weights": {"sha256": 3}}, {"config_sha256": "0"}):
            rewrite(folder, sign=False, **damage)
            write_folder(folder, "pretrained", {"n": "new"}, NEW)
            assert read_folder(folder, "pretrained")[0]["n"] == "new"

    def test_readers_meet_one_or_the_other(self, folder):
        done, seen = threading.Event(), set()
        write_folder(folder, "pretrained", {"n": "old"}, OLD)

        def read():
            while not done.is_set():
                config, arrays = read_folder(folder, "pretrained")
                expected = OLD if config["n"] == "old" else NEW
                np.testing.assert_array_equal(arrays["weights"], expected["weights"])
                seen.add(config["n"])

        failures = []

        def guarded():
            try:
                read()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=guarded) for _ in range(2)]
        for thread in threads:
            thread.start()
        for i in range(60):
            write_folder(folder, "pretrained", *(({"n": "new"}, NEW), ({"n": "old"}, OLD))[i % 2])
        done.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert seen == {"old", "new"}

    def test_writers_wait_for_no_one(self, folder, monkeypatch):
        inside, leave = threading.Event(), threading.Event()
        write_whole = _folder.write_whole

        def slow(*args):
            inside.set()
            assert leave.wait(30)
            return write_whole(*args)

        monkeypatch.setattr(_folder, "write_whole", slow)
        thread = threading.Thread(target=write_folder, args=(folder, "pretrained", {"n": 2}, NEW))
        thread.start()
        assert inside.wait(30)
        try:
            with pytest.raises(RuntimeError, match="is being written by another process"):
                write_folder(folder, "pretrained", {"n": 3}, OLD)
        finally:
            leave.set()
            thread.join()
        assert read_folder(folder, "pretrained")[0]["n"] == 2


class TestReadableJSON:
    @pytest.mark.parametrize(
        "value", [{}, [], None, "text", {"a": []}, {"a": {"b": [1, [2, "x" * 200]]}, "c": "[,{"}]
    )
    def test_it_is_json(self, value):
        assert json.loads(to_readable_json(value)) == value

    def test_what_fits_stands_on_a_line(self):
        text = to_readable_json({"short": [1, 2, 3], "long": ["word"] * 30, "text": "y" * 200})
        lines = text.splitlines()
        assert ' "short": [1, 2, 3],' in lines
        assert lines.count('  "word",') == 29
        assert [line for line in lines if len(line) > WIDTH + 10] == [f' "text": "{"y" * 200}"']
