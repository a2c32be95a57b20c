"""What holds for all features that are scaled person by person."""

import numpy as np
from hypothesis import given, strategies as st

from sklearn_ecgssl.classify._subject_scaled import scale_rows
from tests.strategies import log_uniform, seeds


@st.composite
def features(draw):
    """Features, some of them unknown, some the same for a whole person, and the subjects."""
    rng = np.random.default_rng(draw(seeds))
    n_samples, n_features = draw(st.integers(1, 30)), draw(st.integers(1, 4))
    X = draw(log_uniform(1e-6, 1e6)) * rng.normal(size=(n_samples, n_features))
    X += draw(st.sampled_from([0, 1, -300])) * np.abs(X).max()
    names = draw(st.sampled_from([[0, 1, 2], ["b", "a", "c"], [1.5, -2.0, 0.0]]))
    subject = np.array(names)[rng.integers(3, size=n_samples)]
    flat = draw(st.none() | st.integers(0, n_features - 1))
    if flat is not None:
        X[:, flat] = 0.1 + np.unique(subject, return_inverse=True)[1]
    X[rng.random(X.shape) < draw(st.sampled_from([0, 0.3]))] = np.nan
    return X, subject


def slow_scale(column):
    """Scale what is known of one feature of one person."""
    known = [value for value in column if value == value]
    if not known:
        return column
    mean = sum(known) / len(known)
    spread = (sum((value - mean) ** 2 for value in known) / len(known)) ** 0.5
    if max(known) - min(known) <= 1e-6 * max(map(abs, known)):
        spread = np.inf
    return [(value - mean) / spread for value in column]


@given(features())
def test_each_person_is_scaled_by_their_own_samples(case):
    X, subject = case
    before = X.copy()
    expected = X.copy()
    for person in set(subject.tolist()):
        own = np.flatnonzero(subject == person)
        for j in range(X.shape[1]):
            expected[own, j] = slow_scale(X[own, j].tolist())
    np.testing.assert_allclose(scale_rows(X, subject), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(X, before)
