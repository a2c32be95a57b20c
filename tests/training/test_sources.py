"""How batches reach the device: every way gives the same ones."""

import threading

import numpy as np
import pytest
import torch

from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training import _sources
from sklearn_ecgssl.training._sources import (
    HostSource,
    ResidentSource,
    StreamedSource,
    cut,
    source_for_epochs,
    source_for_one_pass,
)

CPU = torch.device("cpu")
WAYS = (HostSource, ResidentSource, StreamedSource)


@pytest.fixture
def blocks():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 5)).astype(np.float32) for n in (4, 1, 6)]


@pytest.fixture
def store(blocks):
    return WindowStore(blocks, windowed=True)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_batches_are_the_chosen_windows_in_their_order(way, batch_size, store, blocks, monkeypatch):
    monkeypatch.setattr(_sources, "UPLOAD", 4)
    indices = np.random.default_rng(1).permutation(11)[:7]
    targets = np.arange(11)
    batches = list(way(store, targets, CPU).batches(cut(indices, batch_size)))
    sizes = [len(windows) for windows, _ in batches]
    assert sizes[:-1] == [min(batch_size, 7)] * (len(sizes) - 1)
    np.testing.assert_array_equal(
        torch.cat([w for w, _ in batches]), np.concatenate(blocks)[indices]
    )
    np.testing.assert_array_equal(torch.cat([t for _, t in batches]), indices)


@pytest.mark.parametrize("way", WAYS)
def test_without_targets(way, store):
    ((windows, targets),) = way(store, None, CPU).batches([np.arange(11)])
    assert windows.shape == (11, 5)
    assert windows.dtype is torch.float32
    assert targets is None


@pytest.mark.parametrize("way", WAYS)
def test_a_bad_window_is_named(way, blocks):
    blocks[2][3, 1] = np.nan
    with pytest.raises(ValueError, match="Window 8 contains NaN"):
        list(way(WindowStore(blocks), None, CPU).batches(cut(np.arange(11), 4)))


def test_streaming_gathers_one_batch_ahead(store, monkeypatch):
    taken = []
    second_taken = threading.Event()
    take = WindowStore.take

    def noted(self, indices):
        taken.append(indices.tolist())
        if len(taken) == 2:
            second_taken.set()
        return take(self, indices)

    monkeypatch.setattr(WindowStore, "take", noted)
    batches = StreamedSource(store, None, CPU).batches(cut(np.arange(9), 3))
    next(batches)
    assert second_taken.wait(timeout=30)
    assert taken == [[0, 1, 2], [3, 4, 5]]
    batches.close()


def test_a_cpu_reads_where_the_windows_are(store):
    assert type(source_for_epochs(store, None, CPU)) is HostSource
    assert type(source_for_one_pass(store, None, CPU)) is HostSource


@pytest.mark.parametrize(("free", "kind"), [(440, ResidentSource), (438, StreamedSource)])
def test_a_gpu_keeps_what_fits_into_half_of_its_free_memory(store, monkeypatch, free, kind):
    """11 windows of 5 float32 samples are 220 bytes."""
    monkeypatch.setattr(_sources.torch.cuda, "mem_get_info", lambda device: (free, 10**9))
    monkeypatch.setattr(ResidentSource, "__init__", HostSource.__init__)
    source = source_for_epochs(store, None, torch.device("cuda"))
    assert type(source) is kind
    assert type(source_for_one_pass(store, None, torch.device("cuda"))) is StreamedSource
