"""DREAMER: one file of everybody's films, and of what was recorded before them."""

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import Dreamer, load_dreamer
from tests.datasets.writers import dreamer


def test_ratings_belong_to_the_film(tmp_path):
    data = load_dreamer(dreamer.dreamer(tmp_path), leads=["2", "1"])  # the file itself will do
    films, person = np.tile(np.repeat(np.arange(18), 2), 2), np.repeat([1, 2], 36)
    assert data.fields["valence"].tolist() == (1 + films % 5).tolist()
    assert data.fields["arousal"].tolist() == (1 + (films + person) % 5).tolist()
    assert data.fields["dominance"].tolist() == (1 + films // 4).tolist()


def test_before_films_there_is_no_rating(tmp_path):
    dreamer.dreamer(tmp_path)
    data = load_dreamer(tmp_path, part="baseline", attribute=None)
    np.testing.assert_array_equal(data.recordings[19], dreamer.counts(2, 1, 21, 2)[:, 0])
    assert data.fields["record"][19] == "2/before film 2"
    assert "valence" not in data.fields
    with pytest.raises(ValueError, match="attribute='arousal': what was recorded before films"):
        load_dreamer(tmp_path, part="baseline")
    with pytest.raises(ValueError, match="part must be"):
        load_dreamer(tmp_path, part="both")


def test_the_file_is_read_once_for_all_people(tmp_path, monkeypatch):
    dreamer.dreamer(tmp_path, n_people=4)
    calls, load = [], scipy.io.loadmat
    monkeypatch.setattr(scipy.io, "loadmat", lambda *a, **k: calls.append(1) or load(*a, **k))
    assert set(Dreamer(tmp_path).load(n_jobs=2).subject) == {"1", "2", "3", "4"}
    assert len(calls) == 1


def test_implausible_ratings_an_empty_trial_and_fields_that_lack(tmp_path):
    def change(whole):
        whole["ECG_SamplingRate"] = 128.0
        whole["Data"][1]["ScoreArousal"] = np.full((18, 1), 6.0)
        films = whole["Data"][1]["ECG"]["stimuli"]
        whole["Data"][1]["ECG"]["stimuli"] = [np.zeros((0, 0)), *films[1:]]

    dreamer.dreamer(tmp_path, change=change)
    with (
        pytest.warns(UserWarning, match="arousal of person 2 should be from 1 to 5"),
        pytest.warns(UserWarning, match="1 left out: 2/film 1 holds no sample"),
    ):
        data = load_dreamer(tmp_path)
    assert (len(data.recordings), data.target[-1], data.sampling_rate) == (35, 6, 128.0)
    shorter = np.ones((17, 1))
    dreamer.dreamer(tmp_path, 3, change=lambda all: all["Data"][1].update(ScoreDominance=shorter))
    with pytest.raises(UnreadableFileError, match=r"DREAMER\.mat cannot be read .* person 2: .*17"):
        load_dreamer(tmp_path)
    with pytest.warns(UserWarning, match="1 left out: 2 cannot be read"):
        assert set(load_dreamer(tmp_path, on_error="warn").subject) == {"1", "3"}
    dreamer.dreamer(tmp_path, 3, change=lambda whole: whole.pop("ECG_SamplingRate"))
    with pytest.raises(UnreadableFileError, match=r"DREAMER\.mat .*'ECG_SamplingRate'"):
        load_dreamer(tmp_path)
