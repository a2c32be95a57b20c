"""What holds for all features that are scaled person by person."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sklearn_ecgssl.classify._subject_scaled import scale_rows
from tests.properties.strategies import log_uniform, seeds

SUBJECTS = [[0, 1, 2], ["b", "a", "c"], [1.5, -2.0, 0.0]]


@st.composite
def features(draw):
    """Features, some of them unknown, some the same for a whole person, and the subjects."""
    rng = np.random.default_rng(draw(seeds))
    n_samples, n_features = draw(st.integers(1, 30)), draw(st.integers(1, 4))
    X = draw(log_uniform(1e-6, 1e6)) * rng.normal(size=(n_samples, n_features))
    X += draw(st.sampled_from([0, 1, -300])) * np.abs(X).max()
    subject = np.array(draw(st.sampled_from(SUBJECTS)))[rng.integers(3, size=n_samples)]
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
        own = [i for i, who in enumerate(subject.tolist()) if who == person]
        for j in range(X.shape[1]):
            expected[own, j] = slow_scale(X[own, j].tolist())
    np.testing.assert_allclose(scale_rows(X, subject), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(X, before)


@given(features(), st.randoms(use_true_random=False))
def test_order_unit_and_names_do_not_matter(case, random):
    X, subject = case
    scaled = scale_rows(X, subject)
    order = random.sample(range(len(X)), len(X))
    same = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(scale_rows(X[order], subject[order]), scaled[order], **same)
    names = [f"person {who}" for who in subject]
    np.testing.assert_array_equal(scale_rows(X, names), scaled)
    person = np.unique(subject, return_inverse=True)[1]
    in_other_units = X * np.array([0.5, 4, 1])[person, None]
    np.testing.assert_allclose(scale_rows(in_other_units, subject), scaled, **same)


@given(features())
def test_without_subjects_all_are_one_person(case):
    X, subject = case
    np.testing.assert_array_equal(scale_rows(X), scale_rows(X, ["me"] * len(X)))
    with pytest.raises(ValueError, match="groups must name the subject of each"):
        scale_rows(X, [*subject, subject[0]])
