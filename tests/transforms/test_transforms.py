"""The six transformations, on the papers' windows and on any."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, strategies as st
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_ecgssl.transforms import (
    AddNoise,
    FlipTime,
    Negate,
    Permute,
    Scale,
    TimeWarp,
    default_transforms,
    make_views,
)
from tests.strategies import dtypes, layouts, log_uniform, matrices, stored

n_pieces = st.integers(2, 12)
random_states = st.integers(0, 2**31)
transforms = st.one_of(
    st.builds(Scale, log_uniform(1e-3, 1e3)),
    st.builds(Negate),
    st.builds(FlipTime),
    st.builds(AddNoise, st.floats(-60, 60), random_state=random_states),
    st.builds(Permute, n_pieces, random_state=random_states),
    st.builds(TimeWarp, n_pieces, log_uniform(1.0001, 100), random_state=random_states),
)


def generator(seed=0):
    return torch.Generator().manual_seed(int(seed))


@given(transforms, matrices(max_times=120), dtypes, layouts)
@example(Permute(6), np.arange(5.0)[None], "f8", "plain")
@example(TimeWarp(6), np.arange(5.0)[None], "f8", "plain")
def test_windows_become_float32_windows_and_are_left_alone(transform, X, dtype, layout):
    X = stored(X, dtype, layout)
    before = X.copy()
    if X.shape[1] < getattr(transform, "n_pieces", 1):
        for method in (transform.fit, transform.transform):
            with pytest.raises(ValueError, match=r"n_pieces=(\d+).*at least \1 samples, got \d+ "):
                method(X)
        return
    out = transform.fit(X).transform(X)
    assert out.shape == X.shape
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert not np.shares_memory(out, X)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(out, clone(transform).transform(before.tolist()))


@given(transforms, matrices(max_times=120), st.sampled_from([torch.float32, torch.float64]))
def test_a_tensor_is_transformed_like_an_array(transform, X, dtype):
    assume(X.shape[1] >= getattr(transform, "n_pieces", 1))
    seed = check_random_state(getattr(transform, "random_state", None)).randint(2**31 - 1)
    tensor = torch.from_numpy(X).to(dtype)
    before, state = tensor.clone(), torch.get_rng_state()
    out = transform.apply(tensor, generator(seed))
    assert out.dtype == dtype
    assert torch.equal(tensor, before)
    assert torch.equal(torch.get_rng_state(), state), "a generator was given"
    if dtype == torch.float32:
        np.testing.assert_array_equal(out.numpy(), transform.transform(X))


def test_defaults_are_those_of_the_authors_code():
    assert {name: transform.get_params() for name, transform in default_transforms()} == {
        "noise": {"snr_db": 15, "random_state": None},
        "scale": {"factor": 1.1},
        "negate": {},
        "flip": {},
        "permute": {"n_pieces": 20, "random_state": None},
        "warp": {"n_pieces": 9, "stretch": 1.05, "random_state": None},
    }


@pytest.fixture(scope="module")
def windows():
    """Smooth windows without a repeated value, so that every sample tells where it came from."""
    t = torch.linspace(0, 10, 2560)
    shift = torch.arange(64)[:, None] / 7
    return torch.sin(t * 2.3 + shift) + 0.3 * t + 0.1 * torch.sin(31 * t)


def test_views_are_stacked_in_label_order(windows):
    views, labels = make_views(windows[:5], [Negate(), Scale(2.0), FlipTime()], generator())
    x = windows[:5]
    assert torch.equal(views, torch.cat([x, -x, 2 * x, x.flip(1)]))
    assert labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5


@pytest.mark.parametrize("transform", [AddNoise(), Permute(), TimeWarp()])
def test_chance_is_that_of_the_seed(transform, windows):
    first, second, other = (
        clone(transform).set_params(random_state=seed).transform(windows) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("snr_db", [-5, 15, 25])
def test_noise_is_white_gaussian_and_has_the_ratio_asked_for_in_every_window(windows, snr_db):
    clean = windows * torch.logspace(-2, 2, len(windows))[:, None]
    noise = AddNoise(snr_db).apply(clean, generator()) - clean
    measured = 10 * torch.log10(clean.square().mean(1) / noise.square().mean(1))
    # 2560 draws: the power is known within 2 / sqrt(2 * 2560) = 2.8 %, 0.12 dB a standard error
    assert torch.all((measured - snr_db).abs() < 0.6)
    assert abs(float(measured.mean()) - snr_db) < 0.06
    noise = noise / noise.std(1, keepdim=True)
    assert abs(float((noise[:, 1:] * noise[:, :-1]).mean())) < 0.01
    assert abs(float(noise.pow(4).mean()) - 3) < 0.1
    assert abs(float((noise[0] * noise[1]).mean())) < 0.1


@pytest.mark.parametrize(("n_times", "n_pieces"), [(2560, 20), (2560, 9), (23, 4), (5, 5)])
def test_permutation_is_the_right_pieces_in_some_order(n_times, n_pieces):
    x = torch.arange(float(n_times)).repeat(50, 1)
    edges = [i * n_times // n_pieces for i in range(n_pieces + 1)]
    pieces = [np.arange(a, b) for a, b in pairwise(edges)]
    orders = set()
    for row in Permute(n_pieces).apply(x, generator()).int().tolist():
        order = tuple(edges.index(sample) for sample in row if sample in edges[:-1])
        assert sorted(order) == list(range(n_pieces))
        np.testing.assert_array_equal(row, np.concatenate([pieces[i] for i in order]))
        orders.add(order)
    assert len(orders) > 15, "windows must be permuted independently of each other"


def test_every_permutation_is_equally_likely():
    x = torch.arange(3.0).repeat(6000, 1)
    rows = [tuple(row) for row in Permute(3).apply(x, generator()).int().tolist()]
    counts = [rows.count(order) for order in permutations(range(3))]
    assert sum(counts) == 6000
    assert max(abs(count - 1000) for count in counts) < 150  # five standard errors


def slow_warp(window, stretched, stretch):
    """Warp each piece by `np.interp`; returns the joined pieces, not cropped."""
    size = len(window) // len(stretched)
    out = []
    for i, is_stretched in enumerate(stretched):
        piece = window[i * size : (i + 1) * size]
        length = int(np.ceil(size * stretch if is_stretched else size / stretch))
        out.append(np.interp(np.linspace(0, size - 1, length), np.arange(size), piece))
    return np.concatenate([*out, window[size * len(stretched) :]])


@pytest.mark.parametrize(
    ("n_times", "n_pieces", "stretch"),
    [
        (2560, 9, 1.05),
        (640, 7, 1.3),
        (100, 2, 1.5),
        (2573, 9, 1.001),  # 9 * 285 + 8: the warped pieces are too short, the last samples follow
    ],
)
def test_warping_equals_numpy_interpolation_of_some_choice_and_crop(n_times, n_pieces, stretch):
    t = np.linspace(0, 10, n_times)
    window = (np.sin(2.3 * t) + 0.3 * t + 0.1 * np.sin(31 * t)).astype(np.float32)
    n_stretched = -(-n_pieces // 2)
    choices = [c for c in product([False, True], repeat=n_pieces) if sum(c) == n_stretched]
    candidates = np.stack([slow_warp(window, choice, stretch) for choice in choices])
    # samples that fill no whole piece are reached only where the warped ones are too few
    n_crops = max(candidates.shape[1] - n_times % n_pieces - n_times, 0) + 1
    warped = TimeWarp(n_pieces, stretch).apply(torch.from_numpy(window).repeat(20, 1), generator())
    found = set()
    for row in warped.numpy():
        errors = {
            (i, crop): np.abs(candidates[i, crop : crop + n_times] - row).max()
            for crop in range(n_crops)
            for i in np.flatnonzero(np.abs(candidates[:, crop] - row[0]) < 1e-4)
        }
        best = min(errors, key=errors.get)
        assert errors[best] < 1e-4
        found.add(best)
    assert len(found) > 5, "windows must be warped independently of each other"


def test_a_bad_parameter_is_named_without_fit():
    with pytest.raises(ValueError, match="'n_pieces' parameter"):
        Permute(n_pieces=1).transform(np.ones((2, 100)))
