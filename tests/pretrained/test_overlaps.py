"""Whoever is in the corpus under another name, at another rate and upside down must be found."""

import sys

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_ecgssl.datasets import make_cohort, save_recordings
from sklearn_ecgssl.signal import Resampler
from tests.pretrained.recipe import overlaps

CONFIG = """
[[corpus.sets]]
name = "first"
file = "first.npz"
without = ["p2"]

[[corpus.sets]]
name = "second"
file = "second.npz"
"""


def prepared(recordings, rate, name="corpus", subject=None):
    subject = [f"p{i}" for i in range(len(recordings))] if subject is None else subject
    data = Bunch(recordings=recordings, sampling_rate=rate, subject=subject, fields={})
    return overlaps.prepare(data, name)


def highest(matches, n_windows):
    """Return the best match of each window."""
    best = {match.window: match for match in sorted(matches)}
    return [best.get(window) for window in range(n_windows)]


@pytest.fixture(scope="module")
def people():
    """Return one recording of each of five simulated people, 50 to 70 s at 360 Hz."""
    return make_cohort(
        5, n_conditions=1, duration=(50, 70), sampling_rate=360, random_state=0
    ).recordings


@pytest.fixture(scope="module")
def excerpt(people):
    """Return 31 s of the third person from sample 4567: at 250 Hz, other units, upside down."""
    return Resampler(360, 250).transform([5 - 370 * people[2][4567 : 4567 + 31 * 360]])[0]


def test_excerpt_at_another_rate_inverted_and_between_samples(people, excerpt):
    corpus = prepared(people, 360)
    windows = overlaps.windows_of(prepared([excerpt], 250, "evaluation"))
    best = highest(overlaps.search(windows, corpus), 3)
    assert [corpus[match.recording].name for match in best] == ["2"] * 3
    assert min(match.correlation for match in best) > 0.99
    offsets = [match.offset for match in best]
    np.testing.assert_allclose(offsets, 4567 / 360 + np.array([0, 10, 20]), atol=0.002)


def test_independent_people_stay_below(people):
    other = make_cohort(n_subjects=4, duration=40, sampling_rate=500, random_state=1)
    windows = overlaps.windows_of(prepared(other.recordings, 500, "evaluation"))
    matches = highest(overlaps.search(windows, prepared(people, 360)), 32)
    assert all(0.1 < match.correlation < 0.97 for match in matches)


def test_nobody_is_compared_with_themselves(people):
    corpus = prepared(people[:2], 360, subject=["one", "one"])
    assert overlaps.search(overlaps.windows_of(corpus), corpus) == []


def test_flat_recordings_and_stretches_match_nothing(people):
    half = people[0][: 60 * 360].copy()
    half[20 * 360 :] = half[20 * 360]
    flat = np.full(15000, 2.5)
    corpus = prepared([flat, half, people[1]], 360)
    windows = overlaps.windows_of(prepared([flat, half], 360, "evaluation"))
    best = highest(overlaps.search(windows, corpus), len(windows.name))
    assert [match is None for match in best] == [
        name == "0" or start >= 30 for name, start in zip(windows.name, windows.start, strict=True)
    ]
    assert [round(match.correlation, 4) for match in best[4:6]] == [1, 1]


def test_the_command_finds_excerpts_but_not_people_left_out(
    people, excerpt, tmp_path, monkeypatch, capsys
):
    (tmp_path / "config.toml").write_text(CONFIG)
    save_recordings(tmp_path / "first.npz", people[:3], 360, ["p0", "p1", "p2"])
    short = people[3][900 : 900 + 12 * 360]  # holds no whole window of the evaluation set
    save_recordings(tmp_path / "second.npz", [short, people[4]], 360, ["x", "y"])
    recordings = {"clean": [people[4][::-1]], "excerpt": [excerpt], "short": [people[3]]}
    for name, signals in recordings.items():
        path = save_recordings(tmp_path / f"{name}.npz", signals, 250, ["q"])
        rate = 250 if name == "excerpt" else 360
        save_recordings(path, signals, rate, ["q"])

    def status(name, config="config.toml"):
        argv = ["overlaps.py", f"{tmp_path}/{name}.npz", "--recordings", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", [*argv, "--config", str(tmp_path / config)])
        return overlaps.main(), capsys.readouterr().out

    assert status("clean")[0] == 0
    assert status("excerpt")[0] == 0  # p2 is left out of the corpus
    found, said = status("short")
    assert found == 1
    assert "second (short) in short: 1 of 1 windows above 0.99" in said
    (tmp_path / "all.toml").write_text(CONFIG.replace('["p2"]', "[]"))
    found, said = status("excerpt", "all.toml")
    assert found == 1
    assert "excerpt in first: 3 of 3 windows above 0.99" in said
