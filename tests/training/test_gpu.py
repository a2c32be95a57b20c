"""What a GPU must do; without one, what torch's meta device can show of it.

On the meta device tensors have shapes and no values, so reading one back, which would make a GPU
wait, is an error, and so is mixing in a tensor of another device.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer
from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training import _batches
from sklearn_ecgssl.training._batches import Batch, ResidentSource, cut, in_order
from sklearn_ecgssl.training._device import Generators
from sklearn_ecgssl.training._group import ALONE
from sklearn_ecgssl.training._net import TrainingNet
from tests.tiny import each_pretrainer

META = torch.device("meta")

#: At the papers' sizes, of windows of 10 s.
each_default = pytest.mark.parametrize(
    ("pretrainer", "n_times"), [(PretextPretrainer(), 2560), (MaskedPretrainer(), 1280)],
    ids=["recognition", "masked"],
)  # fmt: skip


class MetaGenerator(torch.Generator):
    """A generator that says it is where torch has none."""

    device = META


@pytest.fixture
def no_autocast(monkeypatch):
    """The meta device has no mixed precision to ask about."""
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda kind: False)
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: nullcontext())


@pytest.fixture
def net(pretrainer, n_times, no_autocast, monkeypatch):
    """What trains a pretrainer, on the meta device."""
    monkeypatch.setattr(Generators, "_generator", lambda self, seed: MetaGenerator())
    pretrainer = clone(pretrainer)
    pretrainer.architecture_ = pretrainer._architecture()
    pretrainer._before_training(n_times)
    module = pretrainer._build_module()
    net = TrainingNet(
        module,
        pretrainer._build_criterion(),
        optimizer=torch.optim.Adam,
        lr=0.001,
        batch_size=8,
        device="meta",
        network=module.to(META),
        prepare=pretrainer._prepare,
        precision=torch.float32,
        weight_decay=1e-4,
        learning_rates={},
        schedule=lambda step: 1.0,
        generators=Generators([1, 2, 3, 4], META, ALONE),
        order=in_order,
        group=ALONE,
        verbose=0,
    )
    net.initialize()
    net.generator_ = net.generators.inputs
    return net


@each_default
@pytest.mark.parametrize("step", ["train_step", "validation_step"])
def test_a_step_reads_nothing_back_from_the_device(net, n_times, step):
    scores = getattr(net, step)(Batch(torch.empty(8, n_times, device=META), None, 8, 8))["scores"]
    assert scores.device == META
    assert scores.shape == (1 + len(net.criterion_.metric_names),)


@each_default
def test_the_check_above_sees_a_value_read_back(net, n_times):
    prepare = net.prepare
    net.prepare = lambda windows, *others: prepare(windows * float(windows.sum()), *others)
    with pytest.raises(RuntimeError, match="meta tensors"):
        net.train_step(Batch(torch.empty(8, n_times, device=META), None, 8, 8))


def test_windows_kept_on_the_device_make_batches_there():
    store = WindowStore([np.zeros((10, 30), np.float32)])
    source = ResidentSource(store, np.arange(10), META)
    for windows, targets in source.batches(cut(np.arange(10), 4)):
        assert windows.device == targets.device == META


@pytest.fixture
def gpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return torch.device("cuda")


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(40, 512)).astype(np.float32)


@pytest.mark.gpu
@each_pretrainer
def test_auto_takes_the_gpu_and_learns_as_the_cpu_does(gpu, tiny, windows):
    on_gpu = tiny(device="auto", precision="float32", max_epochs=3).fit(windows)
    on_cpu = tiny(device="cpu", precision="float32", max_epochs=3).fit(windows)
    losses = [[row["train_loss"] for row in p.history_] for p in (on_gpu, on_cpu)]
    np.testing.assert_allclose(*losses, rtol=0.1)
    moved = on_gpu.set_params(device="cpu").encode(windows)
    np.testing.assert_allclose(on_gpu.set_params(device="cuda").encode(windows), moved, atol=0.01)


@pytest.mark.gpu
@each_pretrainer
@pytest.mark.parametrize("resident", [True, False])
def test_an_epoch_waits_for_the_gpu_only_at_its_end(gpu, tiny, windows, resident, monkeypatch):
    if not resident:
        monkeypatch.setattr(_batches, "RESIDENT_SHARE", 0.0)
    tiny(device="cuda", batch_size=8, max_epochs=1).fit(windows)
    synchronised = TrainingNet.train_step

    def step(self, batch, **params):
        torch.cuda.set_sync_debug_mode("error")
        try:
            return synchronised(self, batch, **params)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(TrainingNet, "train_step", step)
    tiny(device="cuda", batch_size=8, max_epochs=2).fit(windows)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", [PretextPretrainer, MaskedPretrainer])
def test_out_of_memory_on_the_gpu_names_a_batch_size(gpu, kind):
    windows = np.zeros((4096, 25600), np.float32)
    windows[:, ::100] = 1
    torch.cuda.set_per_process_memory_fraction(0.02)
    try:
        with pytest.raises(MemoryError, match="try batch_size=2048"):
            kind(device="cuda", batch_size=4096, max_epochs=1).fit(windows)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
