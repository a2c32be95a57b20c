"""Whoever is in the corpus under another name, at another rate and upside down must be found."""

import re

import numpy as np
import pytest
from scipy import signal
from sklearn.utils import Bunch

from sklearn_ecgssl.datasets import load_recordings, make_cohort, save_recordings
from sklearn_ecgssl.signal import Resampler
from tests.checkout import checkout

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(checkout() / "examples" / "pretrained")
    import overlaps

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
    cohort = make_cohort(
        n_subjects=5, n_conditions=1, duration=(50, 70), sampling_rate=360, random_state=0
    )
    return cohort.recordings


@pytest.fixture(scope="module")
def excerpt(people):
    """Return 31 s of the third person from sample 4567: at 250 Hz, other units, upside down."""
    return Resampler(360, 250).transform([5 - 370 * people[2][4567 : 4567 + 31 * 360]])[0]


@pytest.mark.parametrize("kind", ["noise", "ecg"])
@pytest.mark.parametrize("n_times", [256, 640])
def test_all_offsets_as_one_by_one(kind, n_times, people, monkeypatch):
    monkeypatch.setattr(overlaps, "BLOCK", 1024)
    monkeypatch.setattr(overlaps, "AT_ONCE", 2)
    rng = np.random.default_rng(0)
    ecg = overlaps.at_both_rates(people[0], 360)[1]
    recording = rng.normal(size=2400) if kind == "noise" else ecg
    recording = (recording + 3).astype(np.float32)
    windows = 0.2 * rng.normal(size=(5, n_times)) - 1
    windows[3] = 2 - recording[777 : 777 + n_times]
    found = np.full((5, len(recording) - n_times + 1), np.nan)
    spectra = overlaps.spectra_of(windows)
    for rows, first, correlations in overlaps.correlations(spectra, recording, n_times):
        assert np.isnan(found[rows, first : first + correlations.shape[1]]).all()
        found[rows, first : first + correlations.shape[1]] = correlations
    stretches = np.lib.stride_tricks.sliding_window_view(recording, n_times)
    expected = [np.corrcoef(windows, stretch)[-1, :-1] for stretch in stretches]
    np.testing.assert_allclose(found, np.transpose(expected), atol=1e-5)
    assert found[3, 777] == pytest.approx(-1, abs=1e-5)


def test_excerpt_at_another_rate_inverted_and_between_samples(people, excerpt):
    corpus = prepared(people, 360)
    windows = overlaps.windows_of(prepared([excerpt], 250, "evaluation"))
    best = highest(overlaps.search(windows, corpus), 3)
    assert [corpus[match.recording].name for match in best] == ["2"] * 3
    assert min(match.correlation for match in best) > 0.99
    offsets = [match.offset for match in best]
    np.testing.assert_allclose(offsets, 4567 / 360 + np.array([0, 10, 20]), atol=0.002)


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
@pytest.mark.parametrize("noise", [0, 1])
def test_something_smoother_does_not_hide_the_same(shift, noise, people):
    """On the 64 Hz grid a smooth copy is more alike than the same signal that is off the grid."""
    rng = np.random.default_rng(0)
    fine = overlaps.at_both_rates(people[1], 360)[0][:2560] + rng.normal(size=2560, scale=noise)
    smooth = signal.sosfiltfilt(overlaps.LOW_PASS, fine)
    gap = rng.normal(size=400 + shift, scale=0.1)
    before = [gap, fine, gap[: 404 - 2 * shift]]
    recording = np.concatenate([*before, smooth, gap])
    of_smooth = len(np.concatenate(before)) / 256
    windows = overlaps.windows_of(prepared([fine], 256, "evaluation"))
    matches = overlaps.search(windows, prepared([recording], 256))
    (best,) = highest(matches, 1)
    assert best.correlation > 0.99
    assert best.offset == len(gap) / 256
    assert all(m.correlation < 0.985 for m in matches if m.offset > of_smooth - 0.05)


def test_independent_people_stay_below(people):
    other = make_cohort(n_subjects=4, duration=40, sampling_rate=500, random_state=1)
    windows = overlaps.windows_of(prepared(other.recordings, 500, "evaluation"))
    matches = highest(overlaps.search(windows, prepared(people, 360)), 32)
    assert all(0.1 < match.correlation < 0.97 for match in matches)


def test_nobody_is_compared_with_themselves(people):
    corpus = prepared(people[:2], 360, subject=["one", "one"])
    assert overlaps.search(overlaps.windows_of(corpus), corpus) == []
    corpus = prepared([people[0], people[0]], 360, subject=["one", "two"])
    best = highest(overlaps.search(overlaps.windows_of(corpus), corpus), 10)
    assert all(match.correlation > 0.9999 for match in best)


def test_flat_recordings_and_stretches_match_nothing(people):
    half = people[0][: 60 * 360].copy()
    half[20 * 360 :] = half[20 * 360]
    flat = np.full(15000, 2.5)
    corpus = prepared([flat, half, people[1]], 360)
    windows = overlaps.windows_of(prepared([flat, half], 360, "evaluation"))
    assert np.isfinite(windows.fine).all()
    assert np.isfinite(windows.coarse).all()
    best = highest(overlaps.search(windows, corpus), len(windows.name))
    in_flat = windows.name == "0"
    assert in_flat.sum() == 4
    assert [match is None for match in best] == [
        flat or start >= 30 for flat, start in zip(in_flat, windows.start, strict=True)
    ]
    assert [round(match.correlation, 4) for match in best[4:6]] == [1, 1]


def test_recordings_shorter_than_a_window_are_left_out(people):
    corpus = prepared([people[0][:3599], people[1][:3600], people[2]], 360)
    assert [recording.name for recording in corpus] == ["1", "2"]
    assert len(overlaps.windows_of(corpus).name) == 1 + len(people[2]) // 3600
    assert all(len(recording.fine) // 2560 == len(recording.coarse) // 640 for recording in corpus)


@pytest.fixture
def run(people, tmp_path, monkeypatch, capsys):
    """Return what runs the command, on a corpus of five and whom else it is given."""

    def run_on(evaluation, *arguments, also=()):
        config = tmp_path / "config.toml"
        config.write_text(CONFIG)
        names = [f"p{i}" for i in range(5)]
        save_recordings(tmp_path / "first.npz", people[:3], 360, names[:3])
        second = [*people[3:], *also]
        names = [*names[3:], *("new" for _ in also)]
        save_recordings(tmp_path / "second.npz", second, 360, names)
        save_recordings(tmp_path / "evaluation.npz", evaluation, 250, range(len(evaluation)))
        folder = ["--config", str(config), "--recordings", str(tmp_path)]
        monkeypatch.setattr("sys.argv", ["overlaps.py", *folder, *arguments])
        return overlaps.main(), capsys.readouterr().out

    return run_on


EVALUATION = ("--evaluation", "evaluation.npz")


def found_in(said, header):
    """Return what is said of the two places below a line that begins with a header."""
    (line,) = re.findall(rf"{re.escape(header)}.*\n    highest: (.*)", said)
    _, window, stretch = line.split(", ")
    places = [re.fullmatch(r"(\S+) \(\S+\) at ([\d.]+) s", text) for text in (window, stretch)]
    return [(place[1], float(place[2])) for place in places]


def test_status_and_report(run, people, excerpt):
    other = Resampler(360, 250).transform([people[3][1000:15000]])[0]
    status, said = run([excerpt[::-1], other], *EVALUATION)
    assert status == 1
    assert "evaluation in first: 0 of 6 windows above 0.99" in said
    assert "evaluation in second: 3 of 6 windows above 0.99" in said
    (person, window), (other, stretch) = found_in(said, "evaluation in second")
    assert (person, other) == ("evaluation/1", "second/p3")
    assert stretch == pytest.approx(1000 / 360 + window, abs=0.002)


def test_whoever_is_left_out_of_the_corpus_is_not_looked_at(run, excerpt):
    status, said = run([excerpt], *EVALUATION)
    assert status == 0
    assert "evaluation in first: 0 of 3 windows above 0.99" in said


@pytest.mark.parametrize("duration", [10, 20])
def test_a_short_recording_of_the_corpus_is_found_in_the_evaluation_set(run, excerpt, duration):
    """No whole window of the evaluation set is in it, and it begins with half an R wave."""
    begin = 1100 + excerpt[1100:1400].argmin()
    piece = Resampler(250, 360).transform([excerpt[begin : begin + 250 * duration]])[0]
    status, said = run([excerpt], *EVALUATION, also=[piece])
    assert status == 1
    n_windows = (duration - 2) // 8
    header = f"second (short recordings) in evaluation: {n_windows} of {n_windows} windows"
    (person, window), (other, stretch) = found_in(said, header)
    assert (person, other) == ("second/new", "evaluation/0")
    assert stretch == pytest.approx(begin / 250 + window, abs=0.002)


def test_among_the_corpus(run, people, excerpt):
    again = -people[1][3000:10000]
    status, said = run([excerpt], "--among", "2", also=[again])
    assert status == 0
    assert "among the corpus: 1 pairs of people above 0.99" in said
    pairs = [line for line in said.splitlines() if line.startswith("    ")]
    assert len(pairs) == 2
    assert "first/p1" in pairs[0]
    assert "second/new" in pairs[0]


def test_nothing_to_look_for(run, excerpt):
    with pytest.raises(SystemExit, match="2"):
        run([excerpt])


def test_evaluation_set_without_a_whole_window(run, excerpt, capsys):
    with pytest.raises(SystemExit, match="2"):
        run([excerpt[:2499]], *EVALUATION)
    assert "evaluation.npz: no recording in it is as long as a window" in capsys.readouterr().err


def shortened(shared_data, name, record, begin, end):
    """Return a stretch of a real recording, begin and end in s."""
    data = load_recordings(shared_data / name, where={"record": record}, target=None)
    rate = data.sampling_rate
    data.recordings = [x[int(begin * rate) : int(end * rate)] for x in data.recordings]
    return overlaps.prepare(data, name)


@pytest.mark.real
def test_record_of_qtdb_in_mitdb(shared_data):
    """sel100 of qtdb begins 420 s after record 100 of mitdb."""
    mitdb = shortened(shared_data, "mitdb.npz", ["100", "101"], 400, 480)
    windows = overlaps.windows_of(shortened(shared_data, "qtdb.npz", "sel100", 5, 35))
    best = highest(overlaps.search(windows, mitdb), 3)
    assert all(match.correlation > 0.99 for match in best)
    assert {mitdb[match.recording].name for match in best} == {"100"}
    np.testing.assert_allclose([match.offset for match in best], [25, 35, 45], atol=0.01)


@pytest.mark.real
def test_person_of_eegmat_is_not_in_mitdb(shared_data):
    mitdb = shortened(shared_data, "mitdb.npz", ["100", "101", "103"], 0, 300)
    windows = overlaps.windows_of(shortened(shared_data, "eegmat_ecg.npz", "Subject05_1", 0, 60))
    best = highest(overlaps.search(windows, mitdb), 6)
    assert all(0.2 < match.correlation < 0.9 for match in best)
