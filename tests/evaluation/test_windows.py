import tracemalloc

import numpy as np
import pytest

from sklearn_ecgssl.evaluation import (
    LabelledWindows,
    shuffled_windows,
    unseen_subjects,
    whole_recordings,
)
from sklearn_ecgssl.signal import Segmenter

SEGMENTER = Segmenter(sampling_rate=10, window_length=2)
LENGTHS = [20, 45, 67, 80]
RECORDINGS = [np.arange(n, dtype=np.float32) + 1000 * i for i, n in enumerate(LENGTHS)]
TARGET = np.array(["calm", "tense", "calm", "tense"])
SUBJECT = np.array(["Ann", "Ann", "Bob", "Bob"])


def labelled(recordings=RECORDINGS, target=TARGET, subject=SUBJECT, segmenter=SEGMENTER):
    return LabelledWindows.from_recordings(recordings, target, subject, segmenter)


def test_every_window_knows_where_it_is_from():
    windows = labelled()
    counts = [1, 2, 3, 4]
    assert len(windows) == 10
    np.testing.assert_array_equal(windows.recording, np.repeat(np.arange(4), counts))
    np.testing.assert_array_equal(windows.target, np.repeat(TARGET, counts))
    np.testing.assert_array_equal(windows.subject, np.repeat(SUBJECT, counts))
    taken = windows.take([9, 0, 1])
    assert taken.dtype == np.float32
    for row, (recording, start) in zip(taken, [(3, 60), (0, 0), (1, 0)], strict=True):
        np.testing.assert_array_equal(row, RECORDINGS[recording][start : start + 20])


@pytest.mark.parametrize("overlap", [0, 0.5])
def test_windows_are_views_of_the_recordings(overlap):
    windows = labelled(segmenter=Segmenter(sampling_rate=10, window_length=2, overlap=overlap))
    for block, recording in zip(windows.store.blocks, RECORDINGS, strict=True):
        assert np.shares_memory(block, recording)


def test_folds_copy_no_signal():
    rng = np.random.default_rng(0)
    recordings = [rng.normal(size=200_000).astype(np.float32) for _ in range(4)]  # 3.2 MB
    tracemalloc.start()
    windows = labelled(recordings, segmenter=Segmenter(sampling_rate=200, window_length=10))
    for protocol in (shuffled_windows(2), whole_recordings(2), unseen_subjects(2)):
        folds = protocol.folds(windows)
        assert len(folds) == 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


@pytest.mark.parametrize("as_cube", [True, False])
def test_windowed_recordings_are_not_cut_again(as_cube):
    cube = np.arange(4 * 3 * 5, dtype=np.float32).reshape(4, 3, 5)
    windows = labelled(cube if as_cube else [cube[0, :1], *cube[1:]], segmenter=None)
    assert len(windows) == (12 if as_cube else 10)
    np.testing.assert_array_equal(windows.take([len(windows) - 1])[0], cube[3, 2])
    assert np.shares_memory(windows.store.blocks[3], cube)


def test_default_segmenter():
    windows = labelled([np.zeros(5120)] * 4, segmenter=None)
    assert windows.take([0]).shape == (1, 2560)


def test_segmenter_is_left_unfitted():
    segmenter = Segmenter(sampling_rate=10, window_length=2)
    labelled(np.zeros((4, 60)), segmenter=segmenter)
    labelled(np.zeros((4, 3, 20)), segmenter=segmenter)
    assert list(vars(segmenter)) == ["sampling_rate", "window_length", "overlap"]


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"target": TARGET[:3]}, "target must be 1-D with one entry for each of the 4 rec"),
            ({"subject": SUBJECT[:3]}, "subject must be 1-D with one entry.*got shape \\(3,\\)"),
            ({"target": None}, r"target must be 1-D .*got shape \(\)"),
            ({"target": ["calm"] * 4}, "one class only \\('calm'\\)"),
            ({"target": [0.1, 0.2, 0.3, 0.4]}, "Unknown label type: continuous"),
            ({"subject": None}, r"subject must be 1-D .*got shape \(\)"),
            ({"subject": ["Ann", None, "Bob", "Bob"]}, r"subject is missing for recording 1 \(1"),
            ({"subject": [np.nan, 1, 2, np.nan]}, r"missing for recording 0 \(2 in all"),
            ({"recordings": [*RECORDINGS[:3], np.zeros(7)]}, "recording 3 has 7 samples"),
            ({"recordings": [*RECORDINGS[:3], np.full(30, np.nan)]}, "recording 3.*NaN"),
            (
                {"recordings": [np.zeros((2, 20))] * 3 + [np.zeros((2, 21))]},
                "recording 3 has windows of 21 samples",
            ),
        ],
    )
    def test_is_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            labelled(**arguments)

    def test_names_and_numbers_of_people_may_be_mixed(self):
        windows = labelled(subject=[1, 1, "Bob", 2])
        assert np.unique(windows.subject).tolist() == ["1", "2", "Bob"]
        windows = labelled(subject=np.array([1, 1, "Bob", 2], dtype=object))
        assert np.unique(windows.subject).tolist() == ["1", "2", "Bob"]
