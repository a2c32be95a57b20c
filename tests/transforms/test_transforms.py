"""The six transformations on the papers' windows; tests/properties has what holds for any."""

from itertools import permutations, product

import numpy as np
import pytest
import torch

from sklearn_ecgssl.transforms import (
    AddNoise,
    Permute,
    Scale,
    TimeWarp,
    _functional as functional,
    default_transforms,
    make_views,
)
from tests.transforms import reference

N_TIMES = 2560
TRANSFORMS = dict(default_transforms())


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def windows():
    """Smooth windows without a repeated value, so that every sample tells where it came from."""
    t = torch.linspace(0, 10, N_TIMES)
    shift = torch.arange(64)[:, None] / 7
    return torch.sin(t * 2.3 + shift) + 0.3 * t + 0.1 * torch.sin(31 * t)


def test_defaults_are_those_of_the_authors_code():
    assert {name: transform.get_params() for name, transform in default_transforms()} == {
        "noise": {"snr_db": 15, "random_state": None},
        "scale": {"factor": 1.1},
        "negate": {},
        "flip": {},
        "permute": {"n_pieces": 20, "random_state": None},
        "warp": {"n_pieces": 9, "stretch": 1.05, "random_state": None},
    }
    assert functional.warped_lengths(2560, 9, 1.05) == (284, 299, 271)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_batch_is_transformed_from_the_generator_alone_and_left_alone(name, windows):
    transform, before, state = TRANSFORMS[name], windows.clone(), torch.get_rng_state()
    first, second, other = (transform.apply(windows, generator(seed)) for seed in (1, 1, 2))
    assert (first.shape, first.dtype) == (windows.shape, windows.dtype)
    assert torch.equal(first, second)
    assert torch.equal(first, other) == (name in ("scale", "negate", "flip"))
    assert torch.equal(windows, before)
    assert torch.equal(torch.get_rng_state(), state)
    array = windows.numpy()
    assert transform.fit_transform(array).dtype == np.float32
    assert not np.shares_memory(transform.transform(array), array)


def test_random_state_is_the_seed_of_transform(windows):
    first, second, other = (
        AddNoise(random_state=seed).transform(windows.numpy()) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("snr_db", [-5, 15, 25])
def test_noise_has_the_ratio_asked_for_in_every_window(windows, snr_db):
    clean = windows * torch.logspace(-2, 2, len(windows))[:, None]
    noise = AddNoise(snr_db).apply(clean, generator()) - clean
    measured = 10 * torch.log10(clean.square().mean(1) / noise.square().mean(1))
    # 2560 draws: the power is known within 2 / sqrt(2 * 2560) = 2.8 %, 0.12 dB a standard error
    assert torch.all((measured - snr_db).abs() < 0.6)
    assert abs(float(measured.mean()) - snr_db) < 0.06


def test_noise_is_white_gaussian_and_differs_between_windows(windows):
    noise = AddNoise(0).apply(windows, generator()) - windows
    noise = noise / noise.std(1, keepdim=True)
    assert abs(float((noise[:, 1:] * noise[:, :-1]).mean())) < 0.01
    assert abs(float(noise.pow(4).mean()) - 3) < 0.1
    assert abs(float((noise[0] * noise[1]).mean())) < 0.1
    flat = torch.zeros(2, 50)
    assert torch.equal(AddNoise().apply(flat, generator()), flat)


def test_scale_negate_flip(windows):
    x = windows.numpy()
    np.testing.assert_array_equal(TRANSFORMS["scale"].transform(x), x * np.float32(1.1))
    np.testing.assert_array_equal(TRANSFORMS["negate"].transform(x), -x)
    np.testing.assert_array_equal(TRANSFORMS["flip"].transform(x), x[:, ::-1])


@pytest.mark.parametrize(("n_times", "n_pieces"), [(2560, 20), (2560, 9), (23, 4), (5, 5)])
def test_permutation_is_the_right_pieces_in_some_order(n_times, n_pieces):
    x = torch.arange(float(n_times)).repeat(50, 1)
    edges = [i * n_times // n_pieces for i in range(n_pieces + 1)]
    orders = set()
    for row in Permute(n_pieces).apply(x, generator()).int().tolist():
        order = tuple(edges.index(sample) for sample in row if sample in edges[:-1])
        assert sorted(order) == list(range(n_pieces))
        np.testing.assert_array_equal(row, reference.permute(np.arange(n_times), order))
        orders.add(order)
    assert len(orders) > 15, "windows must be permuted independently of each other"


def test_every_permutation_is_equally_likely():
    x = torch.arange(3.0).repeat(6000, 1)
    rows = [tuple(row) for row in Permute(3).apply(x, generator()).int().tolist()]
    counts = [rows.count(order) for order in permutations(range(3))]
    assert sum(counts) == 6000
    assert max(abs(count - 1000) for count in counts) < 150  # five standard errors


@pytest.mark.parametrize(
    ("n_times", "n_pieces", "stretch"), [(2560, 9, 1.05), (640, 7, 1.3), (100, 2, 1.5)]
)
def test_warping_equals_numpy_interpolation_of_some_choice_and_crop(n_times, n_pieces, stretch):
    t = np.linspace(0, 10, n_times)
    window = (np.sin(2.3 * t) + 0.3 * t + 0.1 * np.sin(31 * t)).astype(np.float32)
    tail = window[n_times - n_times % n_pieces :]
    n_stretched = -(-n_pieces // 2)
    choices = [c for c in product([False, True], repeat=n_pieces) if sum(c) == n_stretched]
    candidates = np.stack(
        [np.append(reference.time_warp(window, choice, stretch), tail) for choice in choices]
    )
    warped = TimeWarp(n_pieces, stretch).apply(torch.from_numpy(window).repeat(20, 1), generator())
    n_crops = max(candidates.shape[1] - len(tail) - n_times, 0) + 1
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


def test_warped_output_is_never_padded():
    # 2569 = 9 * 285 + 4, stretched by next to nothing: the joined pieces are too short, so the
    # last samples of the window itself follow.
    x = torch.arange(2569.0).repeat(4, 1)
    warped = TimeWarp(9, 1 + 1e-9).apply(x, generator())
    assert warped.shape == x.shape
    assert torch.all(warped.diff(dim=1) >= 0)
    assert torch.all(warped[:, -1] > 2560)


def test_views_are_stacked_in_label_order(windows):
    views, labels = make_views(windows[:5], [TRANSFORMS["negate"], Scale(2.0)], generator())
    assert torch.equal(views, torch.cat([windows[:5], -windows[:5], 2 * windows[:5]]))
    assert labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5


@pytest.mark.parametrize(
    ("transform", "parameter"),
    [
        (AddNoise(snr_db="15"), "snr_db"),
        (AddNoise(snr_db=-1e9), "snr_db"),
        (Scale(factor=0), "factor"),
        (Permute(n_pieces=1), "n_pieces"),
        (TimeWarp(stretch=1.0), "stretch"),
        (TimeWarp(n_pieces=2.5), "n_pieces"),
    ],
)
def test_bad_parameter_is_named(transform, parameter):
    for method in (transform.fit, transform.transform):
        with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
            method(np.ones((2, 100)))


@pytest.mark.parametrize("transform", [Permute(20), TimeWarp(20)])
def test_window_shorter_than_the_pieces(transform):
    for method in (transform.fit, transform.transform):
        with pytest.raises(ValueError, match="at least 20 samples, got 19.*smaller n_pieces"):
            method(np.ones((2, 19)))
