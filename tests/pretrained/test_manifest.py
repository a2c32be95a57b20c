"""What a training writes down of itself."""

import hashlib
import json
import os
import re
import shutil
from datetime import UTC, datetime

import pytest
import torch

import sklearn_ecgssl
from sklearn_ecgssl.pretext import load_pretrained
from sklearn_ecgssl.training import _device
from tests.pretrained.recipe import CONFIG, SETS, command, corpus, each_encoder, manifest_of, sha256


class TestManifest:
    @each_encoder
    def test_it_says_what_was_learnt_from(self, name, trained, files, place, corpora):
        found, said = corpora[name.removeprefix("tiny-")], manifest_of(name, place.work)
        assert said["name"] == name
        assert said["recipe"] == files.config["encoders"][name]
        assert said["windows"] == {
            "learnt": hashlib.sha256(found.learnt.tobytes()).hexdigest(),
            "held_out": hashlib.sha256(found.held_out.tobytes()).hexdigest(),
        }
        assert said["encoder"] == sha256(place.work / name / "encoder" / "weights.safetensors")
        files_read = {"first": "first.npz", "second": "second.npz"}
        assert said["read"] == {
            one: {"file": file, "sha256": sha256(files.folder / file)}
            for one, file in files_read.items()
        }
        assert said["sets"] == {
            one: {
                kind: {"people": len(set(people)), "windows": len(people)}
                for kind, person in (
                    ("learnt", found.learnt_from), ("held_out", found.held_out_of),
                )
                for people in [[p for p in person if p.startswith(f"{one}/")]]
            }
            for one in files_read
        }  # fmt: skip
        assert said["made"]["sklearn_ecgssl"] == sklearn_ecgssl.__version__
        assert said["made"]["torch"] == torch.__version__
        assert said["made"]["precision"] == "float32"
        assert said["made"]["n_threads"] == torch.get_num_threads()

    def test_recorded_noise_is_in_it(self, noisy, trained, files, place):
        said = manifest_of("noisy", place.work)
        assert said["config"]["noise"]["file"] == "noise.npz"
        expected = {"file": "noise.npz", "sha256": sha256(files.folder / "noise.npz")}
        assert said["read"]["third"] == expected
        assert set(said["sets"]) == {"first", "second"}
        assert "noise" not in manifest_of("tiny-recognition", place.work)["config"]

    def test_a_finished_training_gets_one(self, files, own):
        """Which says when its last epoch was over; one that is there stays."""
        file, before = own / "tiny-masked" / "manifest.json", manifest_of("tiny-masked", own)
        file.unlink()
        at = datetime(2001, 2, 3, 12, tzinfo=UTC).timestamp()
        os.utime(own / "tiny-masked" / "checkpoint" / "checkpoint.safetensors", (at, at))
        command(files, own, "train", "tiny-masked")
        said = manifest_of("tiny-masked", own)
        assert said["made"].pop("date") == "2001-02-03"
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", before["made"].pop("date"))
        assert said == before
        for changed, stays in ({"made": "elsewhere"}, True), ({"encoder": "0"}, False):
            file.write_text(json.dumps(said | changed))
            command(files, own, "train", "tiny-masked")
            assert (manifest_of("tiny-masked", own) == said | changed) is stays

    @pytest.mark.parametrize(("multiplies", "expected"), [(True, "bfloat16"), (False, "float32")])
    def test_it_says_what_auto_was(self, multiplies, expected, files, own, monkeypatch):
        monkeypatch.setattr(_device, "_multiplies_bfloat16", lambda device: multiplies)
        changed = CONFIG.replace('precision = "float32"', "").replace("epochs = 3", "epochs = 1")
        (own / "config.toml").write_text(changed)
        shutil.rmtree(own / "tiny-recognition")
        command(files, own, "--config", own / "config.toml", "train", "tiny-recognition")
        assert manifest_of("tiny-recognition", own)["made"]["precision"] == expected
        saved = load_pretrained(own / "tiny-recognition" / "encoder")
        assert saved.precision == "auto"

    def test_what_is_downloaded_is_named_by_physionets_list(self, tmp_path):
        assert corpus.file_read(SETS["ludb"], corpus.Place(tmp_path)) == "ludb/1.0.1/SHA256SUMS.txt"
