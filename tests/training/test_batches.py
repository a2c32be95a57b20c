"""Batches of an epoch: every window once, whatever the order, the device and the parts."""

import threading

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training import _batches
from sklearn_ecgssl.training._batches import (
    EpochBatches,
    ResidentSource,
    StreamedSource,
    WindowDataset,
    WindowSource,
    cut,
    in_order,
    shuffled,
    shuffled_in_buffer,
    window_source,
)
from sklearn_ecgssl.training._group import Group
from sklearn_ecgssl.training._net import TrainingNet
from tests.tiny import each_pretrainer, waves

X, _ = waves(21)
CPU = torch.device("cpu")

each_source = pytest.mark.parametrize("source", [WindowSource, ResidentSource, StreamedSource])


class File:
    """Windows in chunks of a file, which notes the rows that are read."""

    dtype = np.dtype("f4")

    def __init__(self, n_windows=100, chunk=8):
        self.shape, self.chunks = (n_windows, 1), (chunk, 1)
        self.reads = []

    def __getitem__(self, rows):
        self.reads.append(rows.start)
        return np.zeros((rows.stop - rows.start, 1), np.float32)


ORDERS = {
    "in order": lambda draws: in_order,
    "shuffled": shuffled,
    "in a buffer": lambda draws: shuffled_in_buffer(draws, WindowStore([File()]), 20),
}


def shares(order, indices, batch_size, n_processes):
    """The batches of all processes, each of whose windows is its own index."""
    source = WindowSource(WindowStore([np.arange(100.0, dtype=np.float32)[:, None]]), None, CPU)
    dataset = WindowDataset(source, indices)
    of_all = []
    for rank in range(n_processes):
        draw = ORDERS[order](np.random.default_rng(0))
        batches = EpochBatches(dataset, batch_size, draw, Group(rank, n_processes))
        of_all.append([*batches])
        assert len(batches) == len(of_all[-1])
    return of_all


class TestOrders:
    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize(("n_processes", "batch_size"), [(1, 7), (2, 16), (3, 300), (7, 7)])
    @pytest.mark.parametrize("n_windows", [1, 33, 100])
    def test_all_windows_once_in_equal_shares(self, order, n_processes, batch_size, n_windows):
        indices = np.sort(np.random.default_rng(5).choice(100, n_windows, replace=False))
        of_all = shares(order, indices, batch_size, n_processes)
        counted = [batch.windows[: batch.n_windows, 0] for own in of_all for batch in own]
        np.testing.assert_array_equal(np.sort(np.concatenate(counted)), indices)
        for together in zip(*of_all, strict=True):
            counts = [batch.n_windows for batch in together]
            assert max(counts) - min(counts) <= 1
            assert [batch.n_total for batch in together] == [sum(counts)] * n_processes
            assert [len(batch.windows) for batch in together] == [max(n, 1) for n in counts]
        full = [batch.n_total for batch in of_all[0]][:-1]
        assert full == [batch_size] * len(full)

    @pytest.mark.parametrize("order", ["shuffled", "in a buffer"])
    def test_another_order_every_epoch_and_the_same_for_all_processes(self, order):
        draws = [np.random.default_rng(0) for _ in range(3)]
        epochs = [
            [ORDERS[order](draws[rank])(np.arange(97), Group(rank, 3)) for rank in range(3)]
            for _ in range(2)
        ]
        first, second = map(np.concatenate, epochs)
        assert np.mean(first == second) < 0.1
        assert len({one.random() for one in draws}) == 1


class TestBuffer:
    """Windows in chunks of a file are shuffled in a buffer."""

    def test_neighbours_are_torn_apart(self):
        draw = shuffled_in_buffer(np.random.default_rng(0), WindowStore([File(4096, 16)]), 256)
        distance = np.abs(np.diff(draw(np.arange(4096), Group())))
        assert np.mean(distance < 16) < 0.1
        of_all = np.abs(np.diff(np.random.default_rng(0).permutation(4096)))
        assert np.median(distance) > 0.8 * np.median(of_all)

    @pytest.mark.parametrize(("chunk", "buffer"), [(10, 200), (64, 2048)])
    def test_a_chunk_is_read_once_an_epoch(self, chunk, buffer):
        file = File(5 * buffer, chunk)
        store = WindowStore([file])
        store.keep(buffer)
        draw = shuffled_in_buffer(np.random.default_rng(0), store, buffer)
        for batch in cut(draw(np.arange(5 * buffer), Group()), 32):
            store.take(batch)
        chunks = set(range(0, 5 * buffer, chunk))
        assert set(file.reads) == chunks
        assert len(file.reads) < 1.02 * len(chunks) + 1


class TestSources:
    """Ways of windows to a device."""

    @pytest.fixture
    def blocks(self):
        rng = np.random.default_rng(0)
        return [rng.normal(size=(n, 5)).astype(np.float32) for n in (4, 1, 6)]

    @each_source
    @pytest.mark.parametrize("batch_size", [1, 3, 100])
    @pytest.mark.parametrize("targets", [None, np.arange(11)])
    def test_batches_are_the_chosen_windows_in_their_order(
        self, source, batch_size, targets, blocks, monkeypatch
    ):
        monkeypatch.setattr(_batches, "UPLOAD", 4)
        indices = np.random.default_rng(1).permutation(11)[:7]
        found = [*source(WindowStore(blocks), targets, CPU).batches(cut(indices, batch_size))]
        assert [len(windows) for windows, _ in found][:-1] == [batch_size] * (len(found) - 1)
        windows = torch.cat([windows for windows, _ in found])
        np.testing.assert_array_equal(windows, np.concatenate(blocks)[indices])
        if targets is None:
            assert {own for _, own in found} == {None}
        else:
            np.testing.assert_array_equal(torch.cat([own for _, own in found]), indices)

    @each_source
    def test_a_bad_window_is_named(self, source, blocks):
        blocks[2][3, 1] = np.nan
        with pytest.raises(ValueError, match="Window 8 contains NaN"):
            list(source(WindowStore(blocks), None, CPU).batches(cut(np.arange(11), 4)))

    def test_streaming_gathers_one_batch_ahead(self, blocks, monkeypatch):
        second_taken, take = threading.Event(), WindowStore.take

        def noted(self, indices):
            if indices[0] == 3:
                second_taken.set()
            assert indices[0] < 6
            return take(self, indices)

        monkeypatch.setattr(WindowStore, "take", noted)
        batches = StreamedSource(WindowStore(blocks), None, CPU).batches(cut(np.arange(9), 3))
        next(batches)
        assert second_taken.wait(timeout=30)
        batches.close()

    @pytest.mark.parametrize(
        ("device", "many_epochs", "free", "kind"),
        [
            ("cpu", True, 440, WindowSource),
            ("cuda", True, 440, ResidentSource),  # 11 windows of 5 float32 samples: 220 bytes
            ("cuda", True, 438, StreamedSource),
            ("cuda", False, 440, StreamedSource),
        ],
    )
    def test_a_gpu_keeps_what_fits_into_half_of_its_free_memory(
        self, device, many_epochs, free, kind, blocks, monkeypatch
    ):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**9))
        monkeypatch.setattr(ResidentSource, "__init__", WindowSource.__init__)
        source = window_source(WindowStore(blocks), None, torch.device(device), many_epochs)
        assert type(source) is kind


class TestParts:
    """A CPU takes a batch in parts that stay in its cache, and learns what it would from all."""

    @pytest.fixture
    def take_at_once(self, monkeypatch):
        """Let a CPU take so many inputs of a pretrainer's network at once."""

        def take_at_once(n, pretrainer):
            built = clone(pretrainer)
            built.architecture_ = built._architecture()
            largest = built._build_module().trunk.largest_activation(X.shape[1])
            monkeypatch.setattr(_batches, "CACHED_VALUES", n * largest)

        return take_at_once

    @each_pretrainer
    def test_gradients_add_up_to_those_of_the_batch(self, tiny, take_at_once, monkeypatch):
        """In plain gradient descent, where weights differ as their gradients do."""
        sizes, evaluated = [], TrainingNet._evaluated

        def spied(self, network, inputs, targets):
            sizes.append(len(inputs))
            return evaluated(self, network, inputs, targets)

        monkeypatch.setattr(TrainingNet, "_evaluated", spied)
        monkeypatch.setattr(torch.optim, "Adam", torch.optim.SGD)
        dropout = "head_dropout" if "head_dropout" in tiny().get_params() else "dropout"
        params = {dropout: 0.0, "batch_size": 16, "validation_fraction": 0.2, "max_epochs": 1}
        fits = []
        for n in (10**6, 3):
            sizes.clear()
            take_at_once(n, tiny(**params))
            fits.append(tiny(**params, learning_rate=1.0).fit(X))
        assert 1 < max(sizes) <= 3  # an input may be a pair of views
        whole, in_parts = fits
        untrained = tiny(**params | {"max_epochs": 0}).fit(X)
        for name, weights in whole.state_.items():
            step = np.abs(weights - untrained.state_[name]).max()
            np.testing.assert_allclose(in_parts.state_[name], weights, atol=1e-3 * step + 1e-6)
        for row, other in zip(whole.history_, in_parts.history_, strict=True):
            assert row == pytest.approx(other, rel=1e-3, abs=1e-4)

    @each_pretrainer
    def test_features_and_scores_do_not_depend_on_the_parts(self, tiny, take_at_once):
        pretrainer = tiny(max_epochs=1).fit(X)
        found = []
        for n in (10**6, 2):
            take_at_once(n, pretrainer)
            found.append((pretrainer.score(X), pretrainer.encode(X)))
        (score, features), (other_score, other_features) = found
        np.testing.assert_allclose(other_features, features, rtol=1e-4, atol=1e-5)
        # Each part draws its own transformations or masks, and has its own share of masked samples.
        assert other_score == pytest.approx(score, abs=0.1)
