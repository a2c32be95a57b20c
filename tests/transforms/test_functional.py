from itertools import permutations, product

import numpy as np
import pytest
import torch

from sklearn_ecgssl.transforms import _functional as functional
from tests.transforms import reference

N_TIMES = 2560


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def windows():
    """Smooth windows without a repeated value, so that every sample tells where it came from."""
    t = torch.linspace(0, 10, N_TIMES)
    shift = torch.arange(64)[:, None] / 7
    return torch.sin(t * 2.3 + shift) + 0.3 * t + 0.1 * torch.sin(31 * t)


@pytest.mark.parametrize("snr_db", [-5, 5, 15, 25])
def test_noise_has_the_ratio_asked_for_in_every_window(windows, snr_db):
    amplitudes = torch.logspace(-2, 2, len(windows))[:, None]
    clean = windows * amplitudes
    noise = functional.add_noise(clean, snr_db, generator()) - clean
    measured = 10 * torch.log10(clean.square().mean(1) / noise.square().mean(1))
    # 2560 draws: the power is known within 2 / sqrt(2 * 2560) = 2.8 %, 0.12 dB a standard error
    assert torch.all((measured - snr_db).abs() < 0.6)
    assert abs(float(measured.mean()) - snr_db) < 0.06


def test_noise_is_white_gaussian_and_differs_between_windows(windows):
    noise = functional.add_noise(windows, 0, generator()) - windows
    noise = noise / noise.std(1, keepdim=True)
    lag_one = (noise[:, 1:] * noise[:, :-1]).mean()
    assert abs(float(lag_one)) < 0.01
    assert abs(float(noise.pow(4).mean()) - 3) < 0.1
    assert abs(float((noise[0] * noise[1]).mean())) < 0.1


def test_noise_of_a_flat_zero_window_is_zero():
    assert torch.equal(
        functional.add_noise(torch.zeros(2, 50), 15, generator()), torch.zeros(2, 50)
    )


def test_scale_negate_flip(windows):
    x = windows.numpy()
    np.testing.assert_array_equal(functional.scale(windows, 1.1), x * np.float32(1.1))
    np.testing.assert_array_equal(functional.negate(windows), -x)
    np.testing.assert_array_equal(functional.flip_time(windows), x[:, ::-1])


@pytest.mark.parametrize(("n_times", "n_pieces"), [(2560, 20), (2560, 9), (23, 4), (5, 5)])
def test_permutation_is_the_right_pieces_in_some_order(n_times, n_pieces):
    x = torch.arange(float(n_times)).repeat(50, 1)
    edges = [i * n_times // n_pieces for i in range(n_pieces + 1)]
    starts = set(edges[:-1])
    orders = set()
    for row in functional.permute(x, n_pieces, generator()).int().tolist():
        pieces = [i for i, value in enumerate(row) if value in starts]
        order = tuple(edges.index(row[i]) for i in pieces)
        assert sorted(order) == list(range(n_pieces))
        np.testing.assert_array_equal(row, reference.permute(np.arange(n_times), order))
        orders.add(order)
    assert len(orders) > 15, "windows must be permuted independently of each other"


def test_every_permutation_is_equally_likely():
    x = torch.arange(3.0).repeat(6000, 1)
    rows = [tuple(row) for row in functional.permute(x, 3, generator()).int().tolist()]
    counts = [rows.count(order) for order in permutations(range(3))]
    assert sum(counts) == 6000
    assert max(abs(count - 1000) for count in counts) < 150  # five standard errors


def test_warped_lengths_are_those_of_the_authors_code():
    assert functional.warped_lengths(2560, 9, 1.05) == (284, 299, 271)
    assert 5 * 299 + 4 * 271 == 2579


@pytest.mark.parametrize(
    ("n_times", "n_pieces", "stretch"),
    [(2560, 9, 1.05), (2560, 7, 1.3), (2560, 9, 1.3), (640, 4, 1.05), (100, 2, 1.5)],
)
def test_warping_equals_numpy_interpolation_of_some_choice_and_crop(n_times, n_pieces, stretch):
    t = np.linspace(0, 10, n_times)
    window = (np.sin(2.3 * t) + 0.3 * t + 0.1 * np.sin(31 * t)).astype(np.float32)
    n_stretched = int(np.ceil(n_pieces / 2))
    candidates = np.stack(
        [
            reference.time_warp(window, choice, stretch)
            for choice in product([False, True], repeat=n_pieces)
            if sum(choice) == n_stretched
        ]
    )
    warped = functional.time_warp(
        torch.from_numpy(window).repeat(20, 1), n_pieces, stretch, generator()
    ).numpy()
    choices = set()
    for row in warped:
        errors = {
            (i, crop): np.abs(candidates[i, crop : crop + n_times] - row).max()
            for crop in range(candidates.shape[1] - n_times + 1)
            for i in np.flatnonzero(np.abs(candidates[:, crop] - row[0]) < 1e-4)
        }
        best = min(errors, key=errors.get)
        assert errors[best] < 1e-4
        choices.add(best)
    assert len(choices) > 5, "windows must be warped independently of each other"


def test_warped_output_is_never_padded():
    # 2569 = 9 * 285 + 4, stretched by next to nothing: the joined pieces are too short, so the
    # last samples of the window itself follow.
    x = torch.arange(2569.0).repeat(4, 1)
    warped = functional.time_warp(x, 9, 1 + 1e-9, generator())
    assert warped.shape == x.shape
    assert torch.all(warped.diff(dim=1) >= 0)
    assert torch.all(warped[:, -1] > 2560)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, g: functional.add_noise(x, 15, g),
        lambda x, g: functional.permute(x, 20, g),
        lambda x, g: functional.time_warp(x, 9, 1.05, g),
    ],
)
def test_randomness_comes_from_the_generator_alone(windows, function):
    before = torch.get_rng_state()
    first = function(windows, generator(1))
    assert torch.equal(first, function(windows, generator(1)))
    assert not torch.equal(first, function(windows, generator(2)))
    assert torch.equal(before, torch.get_rng_state())
    assert first.dtype == windows.dtype
