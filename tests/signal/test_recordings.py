import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.signal._recordings import check_recordings

GOOD = np.sin(np.arange(60) / 5)


def holes(value):
    recording = GOOD.copy()
    recording[17] = value
    return recording


BAD_CONTAINERS = {
    "sparse": (sparse.csr_array(np.eye(3)), TypeError, "Sparse data was passed"),
    "empty list": ([], ValueError, "There are no recordings"),
    "no rows": (np.empty((0, 5)), ValueError, r"0 sample\(s\)"),
    "no columns": (np.empty((5, 0)), ValueError, r"0 feature\(s\)"),
    "one recording": (GOOD, ValueError, r"1D array.*\(60,\).*\[X\], if it is one recording"),
    "list of numbers": ([1.0, 2.0], ValueError, r"1D array.*\(2,\).*\[X\]"),
    "series": (pd.Series(GOOD), ValueError, r"1D array.*\(60,\)"),
    "3-D": (np.ones((2, 3, 4)), ValueError, r"recording 0 has shape \(3, 4\).*one lead"),
    "NaN": (np.array([GOOD, holes(np.nan)]), ValueError, "recording 1 holds NaN at sample 17"),
    "inf": (np.array([GOOD, holes(-np.inf)]), ValueError, "recording 1 holds infinity .*17"),
    "masked": (np.ma.masked_greater([GOOD], 0.9), ValueError, "X has masked samples"),
}

BAD_ELEMENTS = {
    "NaN": (holes(np.nan), ValueError, r"holds NaN at sample 17 \(1 such .*cut the piece out"),
    "inf": (holes(np.inf), ValueError, "holds infinity .* at sample 17"),
    "beyond float32": (holes(1e300), ValueError, "beyond float32, at sample 17"),
    "two leads": (np.ones((60, 2)), ValueError, r"shape \(60, 2\).*one lead: pass recording\[:, 0"),
    "leads first": (np.ones((2, 60)), ValueError, r"shape \(2, 60\).*pass recording\[0\]"),
    "number": (3.0, ValueError, r"has 1 sample\(s\)"),
    "empty": (np.array([]), ValueError, r"has 0 sample\(s\), at least \d are needed: leave it out"),
    "path": ("ecg.npz", ValueError, "is no 1-D array of numbers: .*'ecg.npz'"),
    "object": (np.array([1, {}], dtype=object), TypeError, "is no 1-D array of numbers"),
    "complex": (GOOD + 1j, ValueError, "is no 1-D array of numbers: Complex data"),
    "ragged": ([[1, 2], [3]], ValueError, "is no 1-D array of numbers"),
    "masked": (np.ma.masked_greater(GOOD, 0.9), ValueError, "has masked samples"),
}


@pytest.mark.parametrize("case", BAD_CONTAINERS)
def test_bad_containers_are_refused_with_advice(case):
    X, error, message = BAD_CONTAINERS[case]
    with pytest.raises(error, match=re.compile(message, re.DOTALL)):
        check_recordings(X)


@pytest.mark.parametrize("case", BAD_ELEMENTS)
def test_a_bad_recording_is_named_by_its_index(case):
    bad, error, message = BAD_ELEMENTS[case]
    with pytest.raises(error, match="recording 2 ?.*" + message):
        check_recordings([GOOD, GOOD[:9], bad])


@pytest.mark.parametrize("case", ["NaN", "two leads", "empty"])
@pytest.mark.parametrize(
    "estimator", [ECGFilter(), Resampler(2, 1), TrimmedScaler(), Segmenter(1, 2)], ids=repr
)
def test_every_estimator_checks_in_fit_and_transform(estimator, case):
    bad, error, message = BAD_ELEMENTS[case]
    for method in (estimator.fit, estimator.transform, estimator.fit_transform):
        with pytest.raises(error, match="recording 1.*" + message):
            method([GOOD, bad])


def test_too_short_recordings_are_refused():
    with pytest.raises(ValueError, match=r"recording 1 has 1 sample\(s\), at least 2"):
        check_recordings([GOOD, GOOD[:1]], min_length=2)
    with pytest.raises(ValueError, match=r"1 feature\(s\) \(shape=\(60, 1\)\).*at least 2"):
        check_recordings(GOOD[:, None], min_length=2)


@pytest.mark.parametrize(
    "X",
    [
        [GOOD, GOOD[:9]],
        [GOOD, GOOD],
        (GOOD, GOOD),
        [GOOD, list(GOOD)],
        [[1, 2, 3], [1, 2]],
        np.array([GOOD, GOOD[:9]], dtype=object),
        pd.Series([GOOD, GOOD[:9]]),
        [pd.Series(GOOD)],
        [np.arange(4), np.arange(3) > 1, np.ones(2, dtype=">i2"), np.ones(2, dtype=np.float16)],
    ],
)
def test_lists_give_lists_of_float32(X):
    checked = check_recordings(X)
    assert type(checked) is list
    assert [x.dtype for x in checked] == [np.dtype(np.float32)] * len(X)
    for got, expected in zip(checked, X, strict=True):
        np.testing.assert_array_equal(got, np.asarray(expected, dtype=np.float32))


@pytest.mark.parametrize(
    "X",
    [
        np.array([GOOD, GOOD]),
        np.arange(6).reshape(2, 3),
        np.ones((2, 3), dtype=">f4"),
        np.ones((2, 3), dtype=object),
        [[1, 2, 3], [4, 5, 6]],
        ((1.5, 2), (3, 4)),
        pd.DataFrame([GOOD, GOOD]),
    ],
)
def test_arrays_give_float32_arrays(X):
    checked = check_recordings(X)
    assert isinstance(checked, np.ndarray)
    assert checked.dtype == np.dtype(np.float32)
    np.testing.assert_array_equal(checked, np.asarray(X, dtype=np.float32))


def test_float32_is_not_copied():
    list_, array = [np.ones(5, dtype=np.float32)], np.ones((2, 5), dtype=np.float32)
    assert check_recordings(list_)[0] is list_[0]
    assert np.shares_memory(check_recordings(array), array)


def test_a_list_after_an_array_forgets_the_number_of_features():
    scaler = TrimmedScaler().fit(pd.DataFrame([GOOD, GOOD]).rename(columns=str))
    assert scaler.n_features_in_ == 60
    assert len(scaler.feature_names_in_) == 60
    scaler.fit([GOOD, GOOD[:9]])
    assert not hasattr(scaler, "n_features_in_")
    assert not hasattr(scaler, "feature_names_in_")
    scaler.transform(np.array([GOOD[:7]]))
