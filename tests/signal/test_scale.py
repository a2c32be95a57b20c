import numpy as np
import pandas as pd
import pytest

from sklearn_ecgssl.signal import TrimmedScaler, scale_subjects


def test_spikes_do_not_set_the_scale():
    x = np.sin(np.arange(4000) / 20)
    spiky = x.copy()
    spiky[::200] = 50
    plain, robust = (TrimmedScaler(trim).transform([spiky])[0] for trim in (0, 0.025))
    clean = TrimmedScaler().transform([x])[0]
    assert np.ptp(plain[1:200]) < 0.3 * np.ptp(clean[1:200])
    assert np.ptp(robust[1:200]) == pytest.approx(np.ptp(clean[1:200]), rel=0.1)


def test_offset_and_amplitude_are_removed():
    x = np.random.default_rng(0).normal(size=1000)
    a, b = TrimmedScaler().transform([x, 4000 + 0.001 * x])
    np.testing.assert_allclose(a, b, atol=0.5)  # float32 leaves 1e-4 at 4000
    assert a.mean() == pytest.approx(0, abs=1e-6)


def test_what_has_no_spread_is_refused():
    spikes = np.zeros(1000)
    spikes[:10] = 1
    with pytest.raises(ValueError, match="recording 1 is flat but for spikes: the middle 950 of"):
        TrimmedScaler().transform([np.arange(9), spikes])
    with pytest.raises(ValueError, match=r"recording 0 has 1 sample\(s\), at least 2"):
        TrimmedScaler().fit([np.ones(1)])
    with pytest.raises(ValueError, match="'trim' parameter of TrimmedScaler"):
        TrimmedScaler(trim=0.5).fit([np.arange(9)])


def test_subjects_of_an_array():
    X = np.random.default_rng(0).normal(size=(4, 300)) * np.array([[1], [2], [30], [1]])
    scaled = scale_subjects(X, [7, 7, 3, 9], trim=0.1)
    assert isinstance(scaled, np.ndarray)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, np.stack(scale_subjects(list(X), [7, 7, 3, 9], trim=0.1)))
    np.testing.assert_array_equal(scaled[2], TrimmedScaler(0.1).transform(X)[2])
    assert scaled[1].std() > 1.5 * scaled[0].std()  # differences within a person stay


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (["a", "b"], r"subject must be .* each of the 3 recording\(s\), got shape \(2,\)"),
        ("abc", r"got shape \(\)"),
        ([["a"], ["b"], ["c"]], r"got shape \(3, 1\)"),
        ([1.0, np.nan, 2.0], r"subject is missing for recording 1 \(1 in all\)"),
        (["a", None, "b"], "subject is missing for recording 1"),
        (pd.array(["a", "b", pd.NA]), "subject is missing for recording 2"),
    ],
)
def test_bad_subjects_are_refused(subject, message, ragged):
    with pytest.raises(ValueError, match=message):
        scale_subjects(ragged, subject)


def test_bad_input_of_scale_subjects(ragged):
    with pytest.raises(ValueError, match="'trim' parameter .* Got 0.7"):
        scale_subjects(ragged, [1, 1, 1], trim=0.7)
    with pytest.raises(ValueError, match="'trim' parameter .* Got 'a'"):
        scale_subjects(ragged, [1, 1, 1], trim="a")
    with pytest.raises(ValueError, match=r"subject 2 \(recording 1\) is flat"):
        scale_subjects([[1, 2], [3]], [1, 2])
    with pytest.raises(ValueError, match="recording 1 holds NaN"):
        scale_subjects([[1, 2], [np.nan]], [1, 1])
