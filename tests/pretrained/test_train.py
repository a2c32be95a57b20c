"""What `build.py train` trains, and how it goes on when it was interrupted."""

import sys
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.pretext import PretextPretrainer, load_pretrained
from sklearn_ecgssl.training._net import TrainingNet
from sklearn_ecgssl.transforms import AddNoise, default_transforms
from tests.pretrained.recipe import CONFIG, RECIPE, TINY, build, command, corpus, each_encoder


class TestPlaces:
    @pytest.mark.parametrize("words", [["corpus"], ["train", "some"], ["ship", "some"]])
    def test_they_may_stand_before_and_after_the_command(self, words, monkeypatch):
        def parsed(*argv):
            monkeypatch.setattr(sys, "argv", ["build.py", *argv])
            args = build.parsed()
            assert args.command == words[0]
            return args.config, args.recordings, args.work

        places = ["--config", "c.toml", "--recordings", "r", "--work", "w"]
        expected = (Path("c.toml"), Path("r"), Path("w"))
        assert parsed(*places, *words) == parsed(*words, *places) == expected
        assert parsed(*places[:2], *words, *places[2:]) == expected
        assert parsed("--work", "other", *words, *places) == expected
        assert parsed(*words) == (RECIPE / "encoders.toml", None, Path("pretrained-work"))


class TestTrain:
    @each_encoder
    def test_it_is_the_fit_of_the_configuration(self, name, trained, files, corpora):
        parameters = files.config["encoders"][name]["parameters"]
        found = corpora[name.removeprefix("tiny-")]
        expected = TINY[name](**parameters).fit(found.learnt, X_val=found.held_out)
        assert type(trained[name]) is TINY[name]
        np.testing.assert_equal(trained[name].state_, expected.state_)
        assert trained[name].history_ == expected.history_
        assert "valid_loss" in expected.history_[-1]
        rate = {"tiny-recognition": 64, "tiny-masked": 32}[name]
        assert (trained[name].sampling_rate_, trained[name].n_features_in_) == (rate, 2 * rate)

    @each_encoder
    def test_interrupted_it_goes_on_to_the_same_bits(
        self, name, trained, files, tmp_path, monkeypatch, capsys
    ):
        steps, train_step = [], TrainingNet.train_step

        def counted(self, *args, **params):
            steps.append(1)
            if len(steps) == 5:  # in the second epoch of 3 steps
                raise KeyboardInterrupt
            return train_step(self, *args, **params)

        monkeypatch.setattr(TrainingNet, "train_step", counted)
        with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="with 1 of 3 epo"):
            command(files, tmp_path, "train", name)
        assert not (tmp_path / name / "encoder").exists()
        command(files, tmp_path, "train", name)
        assert len(steps) == 5 + 6
        resumed = load_pretrained(tmp_path / name / "encoder")
        np.testing.assert_equal(resumed.state_, trained[name].state_)
        assert resumed.history_ == trained[name].history_
        lines = [line for line in capsys.readouterr().out.splitlines() if "valid_loss" in line]
        assert [line.split(",")[0] for line in lines] == ["epoch 1", "epoch 2", "epoch 3"]

    def test_other_people_are_another_training(self, trained, files, place, tmp_path):
        changed = CONFIG.replace("held_out = 0.25", "held_out = 0.5")
        (tmp_path / "config.toml").write_text(changed)
        with pytest.raises(ValueError, match="holds another fit"):
            command(files, place.work, "--config", tmp_path / "config.toml", "train", "tiny-masked")

    def test_recorded_noise_takes_the_place_of_white_noise(self, noisy, files, place, corpora):
        recipe, found = files.config["candidates"]["noisy"], corpora["recognition"]
        noise = corpus.recorded_noise(files.config, place)
        expected = PretextPretrainer(**recipe["parameters"]).set_params(noise=noise)
        expected.fit(found.learnt, X_val=found.held_out)
        np.testing.assert_equal(noisy.state_, expected.state_)
        assert noisy.history_ == expected.history_
        white = PretextPretrainer(**recipe["parameters"]).fit(found.learnt)
        assert any((white.state_[key] != array).any() for key, array in noisy.state_.items())

    def test_everyone_can_load_what_learnt_recorded_noise(self, noisy, files, place):
        assert noisy.n_epochs_ == 2
        expected = default_transforms()
        for found in (noisy.transforms, noisy.transforms_):
            assert [name for name, _ in found] == [name for name, _ in expected]
            assert type(dict(found)["noise"]) is AddNoise
            assert dict(found)["noise"].snr_db == AddNoise().snr_db
        command(files, place.work, "train", "noisy")  # goes on from it, with nothing left to do
        again = load_pretrained(place.work / "noisy" / "encoder")
        np.testing.assert_equal(again.state_, noisy.state_)

    def test_unknown_encoders(self, files, tmp_path):
        with pytest.raises(SystemExit, match="no encoder 'big' .*'tiny-recognition'.*'noisy'"):
            command(files, tmp_path, "train", "big")
