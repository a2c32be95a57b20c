"""Orders of an epoch: everything once, shared out, and near enough to where it lies."""

from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training._orders import InOrder, Shuffled, ShuffledInBuffer


def process(rank, size):
    return SimpleNamespace(rank=rank, size=size)


class Unread(SimpleNamespace):
    def __getitem__(self, rows):
        raise AssertionError("orders read nothing")


def store(n_windows=100, chunk=8):
    return WindowStore([Unread(shape=(n_windows, 4), dtype=np.dtype("f4"), chunks=(chunk, 4))])


ORDERS = {
    "in order": lambda draws: InOrder(),
    "shuffled": Shuffled,
    "in a buffer": lambda draws: ShuffledInBuffer(draws, store(), 20),
}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("batch_size", [7, 16, 100, 300])
@pytest.mark.parametrize("n_windows", [1, 33, 100])
def test_all_windows_once(name, size, batch_size, n_windows):
    indices = np.sort(np.random.default_rng(5).choice(100, n_windows, replace=False))
    shares = [
        ORDERS[name](np.random.default_rng(0)).share(indices, batch_size, process(rank, size))
        for rank in range(size)
    ]
    counted = [
        batch[:count]
        for one in shares
        for batch, count in zip(one.batches, one.counts, strict=True)
    ]
    np.testing.assert_array_equal(np.sort(np.concatenate(counted)), indices)
    for one in shares:
        assert len(one.batches) == len(shares[0].batches)
        assert min(len(batch) for batch in one.batches) > 0
        np.testing.assert_array_equal(one.totals, shares[0].totals)
        np.testing.assert_array_equal([*map(len, one.batches)], np.maximum(one.counts, 1))
    np.testing.assert_array_equal(sum(one.counts for one in shares), shares[0].totals)
    assert max(shares[0].totals) <= batch_size


@pytest.mark.parametrize("name", ["shuffled", "in a buffer"])
@pytest.mark.parametrize("size", [1, 3])
def test_all_processes_go_on_drawing_alike(name, size):
    draws = [np.random.default_rng(0) for _ in range(size)]
    for rank, one in enumerate(draws):
        ORDERS[name](one).share(np.arange(97), 16, process(rank, size))
    assert len({one.random() for one in draws}) == 1


def test_two_processes_share_the_batches_of_one():
    whole, *halves = (
        Shuffled(np.random.default_rng(0)).share(np.arange(50), 16, process(rank, size))
        for rank, size in [(0, 1), (0, 2), (1, 2)]
    )
    for batch, one, other in zip(whole.batches, *(half.batches for half in halves), strict=True):
        np.testing.assert_array_equal(batch, np.concatenate([one, other]))


class TestBuffer:
    def order(self, n_windows=4096, chunk=16, buffer=256, seed=0):
        here = store(n_windows, chunk)
        order = ShuffledInBuffer(np.random.default_rng(seed), here, buffer)
        return np.concatenate(order.share(np.arange(n_windows), 64, process(0, 1)).batches)

    def test_few_chunks_are_in_use_at_a_time(self):
        chunk_of = self.order() // 16
        first, last = np.full(256, 5000), np.zeros(256, int)
        np.minimum.at(first, chunk_of, np.arange(4096))
        np.maximum.at(last, chunk_of, np.arange(4096))
        in_use = [np.count_nonzero((first <= at) & (at <= last)) for at in range(4096)]
        assert max(in_use) <= 256 / 16 + 2
        assert np.mean(in_use) > 256 / 16 / 2

    def test_neighbours_are_torn_apart(self):
        order = self.order()
        distance = np.abs(np.diff(order))
        assert np.mean(distance < 16) < 0.1
        whole = np.random.default_rng(0).permutation(4096)
        assert np.median(distance) > 0.8 * np.median(np.abs(np.diff(whole)))

    def test_every_epoch_has_another_order(self):
        assert np.mean(self.order(seed=0) == self.order(seed=1)) < 0.01

    def test_windows_that_are_left_out_cost_no_chunk(self):
        here = store(64, 8)
        order = ShuffledInBuffer(np.random.default_rng(0), here, 8)
        some = np.r_[0:8, 40:48]
        share = order.share(some, 4, process(0, 1))
        assert set(np.concatenate(share.batches)) == set(some)


@pytest.mark.parametrize(("chunk", "buffer"), [(10, 200), (64, 8192)])
def test_a_chunk_is_read_once_an_epoch(chunk, buffer):
    reads = []

    class File(Unread):
        def __getitem__(self, rows):
            reads.append(rows.start)
            return np.zeros((rows.stop - rows.start, 1), np.float32)

    n_windows = 5 * buffer
    here = WindowStore([File(shape=(n_windows, 1), dtype=np.dtype("f4"), chunks=(chunk, 1))])
    here.keep(buffer)
    order = ShuffledInBuffer(np.random.default_rng(0), here, buffer)
    for batch in order.share(np.arange(n_windows), 32, process(0, 1)).batches:
        here.take(batch)
    n_chunks = len(range(0, n_windows, chunk))
    assert set(reads) == set(range(0, n_windows, chunk))
    assert len(reads) < 1.02 * n_chunks + 1
    assert here._cache._n_windows < 1.5 * buffer
