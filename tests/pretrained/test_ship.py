"""What is shipped, what is refused, and what is left when shipping is interrupted."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_ecgssl.pretext import _shipped, list_pretrained, load_pretrained
from tests.pretrained.recipe import CONFIG, NAMES, build, command, corpus, each_encoder
from tests.safetensors_bytes import split


@each_encoder
class TestShip:
    def test_files(self, name, shipped, trained):
        folder = shipped / name
        assert {path.name for path in folder.iterdir()} == {
            "config.json", "weights.safetensors", "MODEL_CARD.md",
        }  # fmt: skip
        header = split((folder / "weights.safetensors").read_bytes())[0]
        assert {entry["dtype"] for entry in header.values()} == {"BF16"}
        loaded = load_pretrained(folder)
        assert loaded.sampling_rate_ == trained[name].sampling_rate_
        assert loaded.history_ == trained[name].history_
        for key, array in loaded.state_.items():
            whole = torch.from_numpy(trained[name].state_[key].copy())
            np.testing.assert_array_equal(array, whole.bfloat16().float())


#: What is changed in the configuration, and what is said of it.
CHANGES = {
    "another recipe": (
        "span_length = 4", "span_length = 3", r"recipe\.parameters\.span_length was 4, is 3",
    ),
    "another preparation": (
        "high = 12", "high = 13", r"config\.preparation\.filter\.high was 12, is 13",
    ),
    "fewer windows": (
        "windows_per_person = 6", "windows_per_person = 5",
        r"config\.corpus\.windows_per_person was 6, is 5",
    ),
    "others held out": (
        'never_held_out = ["sele*"]', "",
        r"config\.corpus\.sets\.1\.never_held_out was \['sele\*'\], is None",
    ),
    "other people": (
        'without = ["sel1"]', 'without = ["sel0"]',
        r"config\.corpus\.sets\.1\.without\.0 was 'sel1', is 'sel0'",
    ),
}  # fmt: skip


class TestRefusals:
    """What is not the training of this configuration is not shipped."""

    @pytest.mark.parametrize(("old", "new", "said"), CHANGES.values(), ids=list(CHANGES))
    def test_another_training(self, old, new, said, files, trained, place, table, tmp_path):
        assert CONFIG.count(old) == 1
        (tmp_path / "config.toml").write_text(CONFIG.replace(old, new))
        with pytest.raises(SystemExit, match=f"{said}.*build.py train tiny-masked"):
            command(
                files, place.work, "--config", tmp_path / "config.toml", "ship", "tiny-masked",
                "--output", tmp_path / "out", "--downstream", table,
            )  # fmt: skip
        assert not (tmp_path / "out").exists()

    def test_other_windows(self, files, own, table, tmp_path):
        """Of one sample of one held-out person."""
        changed = Path(shutil.copytree(files.folder, tmp_path / "changed"))
        with np.load(changed / "first.npz") as archive:
            content = dict(archive)
        held_out = corpus.choose_held_out({"name": "first"}, np.array(NAMES["first"]), 0.25)
        start = content["start"][content["subject"].tolist().index(min(held_out))]
        content["ecg"][start + 100] += 2000
        np.savez(changed / "first.npz", **content)
        options = ["--recordings", changed, "--output", tmp_path / "out", "--downstream", table]
        with pytest.raises(
            SystemExit, match=r"windows\.held_out was '\w+', is .*Train it"
        ) as error:
            command(files, own, "ship", "tiny-masked", *options)
        assert "windows.learnt" not in str(error.value)
        assert not (tmp_path / "out").exists()

    def test_other_weights(self, files, own, table, tmp_path):
        weights = own / "tiny-masked" / "encoder" / "weights.safetensors"
        weights.write_bytes(weights.read_bytes() + b" ")
        with pytest.raises(SystemExit, match=r"encoder was '\w+', is '\w+'"):
            command(files, own, "ship", "tiny-masked", "--output", tmp_path, "--downstream", table)

    def test_no_manifest(self, files, own, table, tmp_path):
        (own / "tiny-masked" / "manifest.json").unlink()
        with pytest.raises(SystemExit, match=r"no .*manifest\.json: .*build.py train tiny-masked"):
            command(files, own, "ship", "tiny-masked", "--output", tmp_path, "--downstream", table)

    def test_no_scores_downstream(self, files, trained, place, tmp_path, monkeypatch):
        """They are asked for before anything is computed."""
        monkeypatch.setattr(build, "make_corpus", None)
        monkeypatch.setattr(build, "HERE", tmp_path)
        said = (
            rf"--downstream {tmp_path}/scores/tiny-masked\.md is missing.*make bench "
            rf"BENCH=pretrained .*--masked {place.work}/tiny-masked/encoder.*"
            r"docs/guide/pretrained\.md"
        )
        with pytest.raises(SystemExit, match=said):
            command(files, place.work, "ship", "tiny-masked", "--output", tmp_path / "out")
        with pytest.raises(SystemExit, match=r"--downstream none\.md is missing"):
            command(files, place.work, "ship", "tiny-masked", "--downstream", "none.md")
        assert not (tmp_path / "out").exists()

    def test_what_a_set_is_called_is_no_other_training(self, files, own, tmp_path, monkeypatch):
        """And scores downstream have a place of their own."""
        monkeypatch.setattr(build, "HERE", tmp_path)
        (tmp_path / "scores").mkdir()
        (tmp_path / "scores" / "tiny-masked.md").write_text("| by default | 0.72 |\n")
        (tmp_path / "config.toml").write_text(CONFIG.replace("First Database 1.0.0", "Renamed"))
        options = ["--config", tmp_path / "config.toml", "--output", tmp_path / "out"]
        command(files, own, "ship", "tiny-masked", *options)
        card = (tmp_path / "out" / "tiny-masked" / "MODEL_CARD.md").read_text("utf-8")
        assert "| by default | 0.72 |" in card
        assert "Contains information from Renamed, which" in card
        assert "First Database" not in card


class Stopped(BaseException):
    """Ctrl-C, but no test is stopped by it where it is not caught."""


def stopping(function, at):
    """Make a function stop at a call, halfway where it copies a file."""
    calls = []

    def stops(*args, **params):
        calls.append(args)
        if len(calls) == at:
            if function is shutil.copyfile:
                Path(args[1]).write_bytes(Path(args[0]).read_bytes()[:9])
            raise Stopped
        return function(*args, **params)

    return stops


class TestAllOrNothing:
    @pytest.fixture
    def output(self, shipped, tmp_path, monkeypatch):
        """What was shipped before: other files, for whoever compares."""
        folder = tmp_path / "encoders" / "tiny-masked"
        folder.mkdir(parents=True)
        for file in (shipped / "tiny-masked").iterdir():
            (folder / file.name).write_bytes(b"old " + file.name.encode())
        monkeypatch.setattr(_shipped, "FOLDER", folder.parent)
        assert list_pretrained() == ["tiny-masked"]
        return folder.parent

    @pytest.mark.parametrize(
        ("where", "what", "at"),
        [
            *((build, "scores", at) for at in (1, 3)),
            (build, "model_card", 1),
            (build, "put_in_place", 1),
            *((shutil, "copyfile", at) for at in (1, 2, 3)),
            *((build.os, "replace", at) for at in range(1, 7)),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    def test_no_encoder_has_the_card_of_another(
        self, where, what, at, files, shipped, place, table, output, monkeypatch
    ):
        old = {file.name: file.read_bytes() for file in (output / "tiny-masked").iterdir()}
        args = ["ship", "tiny-masked", "--output", output, "--downstream", table]
        with monkeypatch.context() as patch:
            patch.setattr(where, what, stopping(getattr(where, what), at))
            with pytest.raises(Stopped):
                command(files, place.work, *args)
        found = {file.name: file.read_bytes() for file in (output / "tiny-masked").iterdir()}
        assert found == old or "MODEL_CARD.md" not in found
        if where is build:
            assert found == old
        assert list_pretrained() == (["tiny-masked"] if found == old else [])
        assert set(found) <= set(old)
        assert not list((place.work / "tiny-masked").glob("shipping-*"))
        command(files, place.work, *args)
        for name in old:
            expected = (shipped / "tiny-masked" / name).read_bytes()
            assert (output / "tiny-masked" / name).read_bytes() == expected
