"""Batches of an epoch: every window once, whatever the order, the device and the parts."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

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
from tests.tiny import each_pretrainer, waves

CPU = torch.device("cpu")


class Unread(SimpleNamespace):
    """A file in chunks whose windows may not be read."""

    def __getitem__(self, rows):
        raise AssertionError("orders read nothing")


def in_chunks(n_windows=100, chunk=8):
    return WindowStore([Unread(shape=(n_windows, 4), dtype=np.dtype("f4"), chunks=(chunk, 4))])


ORDERS = {
    "in order": lambda draws: in_order,
    "shuffled": shuffled,
    "in a buffer": lambda draws: shuffled_in_buffer(draws, in_chunks(), 20),
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

    def test_processes_share_the_batches_of_one(self):
        alone, *halves = (shares("shuffled", np.arange(50), 16, n) for n in (1, 2))
        for whole, one, other in zip(*alone, *halves[0], strict=True):
            together = torch.cat([one.windows, other.windows])
            assert sorted(together[:, 0]) == sorted(whole.windows[:, 0])

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
    def order(self, n_windows=4096, chunk=16, buffer=256):
        here = in_chunks(n_windows, chunk)
        draw = shuffled_in_buffer(np.random.default_rng(0), here, buffer)
        return draw(np.arange(n_windows), Group())

    def test_few_chunks_are_in_use_at_a_time(self):
        chunk_of = self.order() // 16
        first, last = np.full(256, 5000), np.zeros(256, int)
        np.minimum.at(first, chunk_of, np.arange(4096))
        np.maximum.at(last, chunk_of, np.arange(4096))
        in_use = [np.count_nonzero((first <= at) & (at <= last)) for at in range(4096)]
        assert max(in_use) <= 256 / 16 + 2
        assert np.mean(in_use) > 256 / 16 / 2

    def test_neighbours_are_torn_apart(self):
        distance = np.abs(np.diff(self.order()))
        assert np.mean(distance < 16) < 0.1
        of_all = np.abs(np.diff(np.random.default_rng(0).permutation(4096)))
        assert np.median(distance) > 0.8 * np.median(of_all)

    def test_each_process_reads_chunks_of_its_own(self):
        draws = [np.random.default_rng(0) for _ in range(2)]
        one, other = (
            set(shuffled_in_buffer(draw, in_chunks(), 20)(np.arange(100), Group(rank, 2)) // 8)
            for rank, draw in enumerate(draws)
        )
        assert len(one & other) <= 1

    @pytest.mark.parametrize(("chunk", "buffer"), [(10, 200), (64, 2048)])
    def test_a_chunk_is_read_once_an_epoch(self, chunk, buffer):
        reads = []

        class File(Unread):
            def __getitem__(self, rows):
                reads.append(rows.start)
                return np.zeros((rows.stop - rows.start, 1), np.float32)

        n_windows = 5 * buffer
        here = WindowStore([File(shape=(n_windows, 1), dtype=np.dtype("f4"), chunks=(chunk, 1))])
        here.keep(buffer)
        draw = shuffled_in_buffer(np.random.default_rng(0), here, buffer)
        for batch in cut(draw(np.arange(n_windows), Group()), 32):
            here.take(batch)
        assert set(reads) == set(range(0, n_windows, chunk))
        assert len(reads) < 1.02 * len(set(reads)) + 1


@pytest.fixture
def blocks():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 5)).astype(np.float32) for n in (4, 1, 6)]


@pytest.fixture
def store(blocks):
    return WindowStore(blocks, windowed=True)


class TestSources:
    @pytest.mark.parametrize("source", [WindowSource, ResidentSource, StreamedSource])
    @pytest.mark.parametrize("batch_size", [1, 3, 100])
    @pytest.mark.parametrize("targets", [None, np.arange(11)])
    def test_batches_are_the_chosen_windows_in_their_order(
        self, source, batch_size, targets, store, blocks, monkeypatch
    ):
        monkeypatch.setattr(_batches, "UPLOAD", 4)
        indices = np.random.default_rng(1).permutation(11)[:7]
        found = [*source(store, targets, CPU).batches(cut(indices, batch_size))]
        assert [len(windows) for windows, _ in found][:-1] == [batch_size] * (len(found) - 1)
        windows = torch.cat([windows for windows, _ in found])
        np.testing.assert_array_equal(windows, np.concatenate(blocks)[indices])
        if targets is None:
            assert {own for _, own in found} == {None}
        else:
            np.testing.assert_array_equal(torch.cat([own for _, own in found]), indices)

    @pytest.mark.parametrize("source", [WindowSource, ResidentSource, StreamedSource])
    def test_a_bad_window_is_named(self, source, blocks):
        blocks[2][3, 1] = np.nan
        with pytest.raises(ValueError, match="Window 8 contains NaN"):
            list(source(WindowStore(blocks), None, CPU).batches(cut(np.arange(11), 4)))

    def test_streaming_gathers_one_batch_ahead(self, store, monkeypatch):
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
        self, device, many_epochs, free, kind, store, monkeypatch
    ):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**9))
        monkeypatch.setattr(ResidentSource, "__init__", WindowSource.__init__)
        source = window_source(store, None, torch.device(device), many_epochs)
        assert type(source) is kind


class TestParts:
    @pytest.fixture
    def fit_in_parts(self, monkeypatch):
        """Fit a pretrainer, so many inputs at once, and return the gradients of all steps."""

        def fit(pretrainer, X, at_once):
            gradients = []

            class Spy(torch.optim.Adam):
                def step(self, closure):
                    closure()
                    weights = [p for group in self.param_groups for p in group["params"]]
                    gradients.append([p.grad.clone() for p in weights])

            pretrainer.architecture_ = pretrainer._architecture()
            at_most = at_once * pretrainer._build_module().trunk.largest_activation(X.shape[1])
            sizes, parts = [], _batches.parts

            def spied(inputs, network):
                for part in parts(inputs, network):
                    sizes.append(part.stop - part.start)
                    yield part

            with monkeypatch.context() as patch:
                patch.setattr(torch.optim, "Adam", Spy)
                patch.setattr(_batches, "CACHED_VALUES", at_most)
                patch.setattr("sklearn_ecgssl.training._net.parts", spied)
                pretrainer.fit(X)
            return gradients, max(sizes)

        return fit

    @each_pretrainer
    def test_gradients_add_up_to_those_of_the_batch(self, tiny, fit_in_parts):
        X, _ = waves(21)
        off = "head_dropout" if "head_dropout" in tiny().get_params() else "dropout"
        params = {off: 0.0, "max_epochs": 1, "batch_size": 16, "validation_fraction": 0.2}
        whole, cut_up = tiny(**params), tiny(**params)
        (expected, size), (gradients, at_most) = (
            fit_in_parts(whole, X, 10**6), fit_in_parts(cut_up, X, 3)
        )  # fmt: skip
        assert size >= 16
        assert at_most == 3
        for one, other in zip(expected[0], gradients[0], strict=True):
            assert float(one.abs().max()) > 0
            torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-5 * float(one.abs().max()))
        for row, other in zip(whole.history_, cut_up.history_, strict=True):
            assert row == pytest.approx(other, rel=1e-3, abs=1e-4)

    @each_pretrainer
    def test_features_and_scores_do_not_depend_on_the_parts(self, tiny, monkeypatch):
        X, _ = waves(21)
        pretrainer = tiny().fit(X)
        found = []
        for at_once in (10**6, 2):
            largest = pretrainer._build_module().trunk.largest_activation(64)
            monkeypatch.setattr(_batches, "CACHED_VALUES", at_once * largest)
            found.append((pretrainer.score(X), pretrainer.encode(X)))
        (score, features), (other_score, other_features) = found
        np.testing.assert_allclose(other_features, features, rtol=1e-4, atol=1e-5)
        # Each part draws its own transformations or masks, and has its own share of masked samples.
        assert other_score == pytest.approx(score, abs=0.1)

    @pytest.mark.parametrize(("device", "n"), [("cpu", 28), ("meta", 1024)])
    def test_at_least_one_input_goes_at_once(self, device, n):
        for network, n_times, expected in [
            (torch.relu, 2560, n),
            (torch.relu, 10**10, 1),
            (SimpleNamespace(largest_activation=lambda n_times: n_times * 64), 2560, n // 2),
        ]:
            at_once = _batches.inputs_at_once(network, n_times, torch.device(device))
            assert at_once == expected

    def test_elsewhere_a_batch_is_one_part(self):
        inputs = torch.empty(10_000, 2560, device="meta")
        assert [*_batches.parts(inputs, torch.relu)] == [slice(0, 10_000)]
