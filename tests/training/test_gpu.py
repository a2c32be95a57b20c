"""What a GPU must do; without one, what torch's meta device can show of it.

On the meta device tensors have shapes and no values, so reading one back, which would make a GPU
wait, is an error, and so is mixing in a tensor of another device.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from sklearn_ecgssl.networks import ConvTrunk, RecognitionNet
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.pretext._loss import RecognitionLoss
from sklearn_ecgssl.signal._windows import WindowStore
from sklearn_ecgssl.training import _sources
from sklearn_ecgssl.training._net import TrainingNet
from sklearn_ecgssl.training._sources import ResidentSource
from sklearn_ecgssl.transforms import default_transforms, make_views
from tests.tiny import tiny_pretrainer

META = torch.device("meta")


@pytest.fixture
def no_autocast(monkeypatch):
    """The meta device has no mixed precision to ask about."""
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda kind: False)
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: nullcontext())


def prepare(windows, labels, generator):
    return make_views(windows, [transform for _, transform in default_transforms()], generator)


@pytest.fixture
def net(no_autocast, monkeypatch):
    tasks = ["original", *(name for name, _ in default_transforms())]
    net = TrainingNet(
        RecognitionNet(ConvTrunk()),
        RecognitionLoss(tasks, [0.1] * len(tasks)),
        optimizer=torch.optim.Adam,
        lr=0.001,
        batch_size=8,
        device="meta",
        prepare=prepare,
        precision=torch.float32,
        weight_decay=1e-4,
        learning_rates={},
        seeds=[1, 2, 3],
        verbose=0,
    )
    monkeypatch.setattr(TrainingNet, "_generator", lambda self, seed: None)
    net.initialize()
    net.train_generator_ = net.valid_generator_ = None
    return net


@pytest.mark.parametrize("step", ["train_step", "validation_step"])
def test_a_step_reads_nothing_back_from_the_device(net, step):
    scores = getattr(net, step)((torch.empty(8, 2560, device=META), None))["scores"]
    assert scores.device == META
    assert scores.shape == (1 + len(net.criterion_.metric_names),)


def test_the_check_above_sees_a_value_read_back(net):
    net.prepare = lambda windows, labels, generator: prepare(windows * float(windows.sum()), 0, 0)
    with pytest.raises(RuntimeError, match="meta tensors"):
        net.train_step((torch.empty(8, 2560, device=META), None))


def test_windows_kept_on_the_device_make_batches_there():
    store = WindowStore([np.zeros((10, 30), np.float32)])
    source = ResidentSource(store, np.arange(10), META)
    for windows, targets in source.batches(np.arange(10), 4):
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
def test_auto_takes_the_gpu_and_learns_as_the_cpu_does(gpu, windows):
    on_gpu = tiny_pretrainer(device="auto", precision="float32", max_epochs=3).fit(windows)
    on_cpu = tiny_pretrainer(device="cpu", precision="float32", max_epochs=3).fit(windows)
    losses = [[row["train_loss"] for row in p.history_] for p in (on_gpu, on_cpu)]
    np.testing.assert_allclose(*losses, rtol=0.1)
    moved = on_gpu.set_params(device="cpu").encode(windows)
    np.testing.assert_allclose(on_gpu.set_params(device="cuda").encode(windows), moved, atol=0.01)


@pytest.mark.gpu
@pytest.mark.parametrize("resident", [True, False])
def test_an_epoch_waits_for_the_gpu_only_at_its_end(gpu, windows, resident, monkeypatch):
    if not resident:
        monkeypatch.setattr(_sources, "RESIDENT_SHARE", 0.0)
    tiny_pretrainer(device="cuda", batch_size=8, max_epochs=1).fit(windows)
    synchronised = TrainingNet.train_step

    def step(self, batch, **params):
        torch.cuda.set_sync_debug_mode("error")
        try:
            return synchronised(self, batch, **params)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(TrainingNet, "train_step", step)
    tiny_pretrainer(device="cuda", batch_size=8, max_epochs=2).fit(windows)


@pytest.mark.gpu
def test_out_of_memory_on_the_gpu_names_a_batch_size(gpu):
    windows = np.zeros((4096, 25600), np.float32)
    windows[:, ::100] = 1
    torch.cuda.set_per_process_memory_fraction(0.02)
    try:
        with pytest.raises(MemoryError, match="try batch_size=2048"):
            PretextPretrainer(device="cuda", batch_size=4096, max_epochs=1).fit(windows)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
