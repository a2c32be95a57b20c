"""Device, precision and random generators; what a GPU must do.

Without a GPU, torch's meta device shows some of that. There, tensors have shapes and no values, so
reading one back, which would make a GPU wait, is an error, and so is mixing in a tensor of another
device.
"""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer
from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training import _batches, resolve_device, resolve_precision
from sklearn_ecgssl.training._batches import Batch, ResidentSource, cut, in_order
from sklearn_ecgssl.training._device import Generators, exact_float32
from sklearn_ecgssl.training._group import ALONE, Group
from sklearn_ecgssl.training._net import TrainingNet
from tests.tiny import each_pretrainer

CPU, CUDA, META = torch.device("cpu"), torch.device("cuda"), torch.device("meta")
FLOAT32, BFLOAT16 = torch.float32, torch.bfloat16


def test_devices():
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("gpuu", "cuda:99"):
        with pytest.raises(ValueError, match=f"device='{name}' cannot be used here"):
            resolve_device(name)


@pytest.mark.parametrize(
    ("device", "precision", "allowed"),
    [(CUDA, FLOAT32, False), (CUDA, BFLOAT16, True), (CPU, FLOAT32, True)],
)
def test_float32_is_not_rounded_to_tf32(device, precision, allowed):
    with exact_float32(device, precision):
        assert torch.backends.cudnn.allow_tf32 == allowed
    assert torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize(
    ("device", "hardware", "expected"),
    [
        (CPU, {"amx_bf16": True}, BFLOAT16),
        (CPU, {"avx512_bf16": True}, BFLOAT16),
        (CPU, {"avx2": True}, FLOAT32),
        (CUDA, (8, 0), BFLOAT16),
        (CUDA, (7, 5), FLOAT32),
        (META, None, FLOAT32),
    ],
)
def test_auto_precision_follows_the_hardware(monkeypatch, device, hardware, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: hardware, raising=False)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: hardware)
    assert resolve_precision("auto", device) is expected
    assert resolve_precision("float32", device) is FLOAT32
    assert resolve_precision("bfloat16", device) is BFLOAT16


def test_auto_precision_where_torch_cannot_tell(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert resolve_precision("auto", CPU) is FLOAT32


def test_processes_draw_for_themselves_and_anew_every_epoch():
    def draws(rank, epoch):
        generators = Generators([1, 2, 3, 4], CPU, Group(rank, 2))
        torch.rand(3, generator=generators.inputs)  # of an epoch before, which does not matter
        generators.begin_epoch(epoch)
        drawn = [torch.rand(8, generator=g) for g in (generators.dropout, generators.inputs)]
        return torch.stack([*drawn, torch.rand(8, generator=generators.held_out())])

    assert torch.equal(draws(0, 5), draws(0, 5))
    for other in (draws(1, 5), draws(0, 6)[:2]):
        assert not torch.isclose(draws(0, 5)[: len(other)], other).any()


class MetaGenerator(torch.Generator):
    """A generator that says it is where torch has none."""

    device = META


@pytest.mark.parametrize("step", ["train_step", "validation_step"])
@pytest.mark.parametrize(
    ("pretrainer", "n_times"), [(PretextPretrainer(), 2560), (MaskedPretrainer(), 1280)],
    ids=["recognition", "masked"],
)  # fmt: skip
def test_a_step_reads_nothing_back_from_the_device(pretrainer, n_times, step, monkeypatch):
    """At the papers' sizes, of windows of 10 s."""
    monkeypatch.setattr(Generators, "_generator", lambda self, seed: MetaGenerator())
    # The meta device has no mixed precision to ask about.
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda kind: False)
    monkeypatch.setattr(torch, "autocast", lambda *args, **kwargs: nullcontext())
    pretrainer = clone(pretrainer)
    pretrainer.architecture_ = pretrainer._architecture()
    pretrainer._before_training(n_times)
    module = pretrainer._build_module()
    net = TrainingNet(
        module, pretrainer._build_criterion(), optimizer=torch.optim.Adam, lr=0.001, batch_size=8,
        device="meta", network=module.to(META), prepare=pretrainer._prepare, precision=FLOAT32,
        weight_decay=1e-4, learning_rates={}, schedule=lambda step: 1.0, order=in_order,
        generators=Generators([1, 2, 3, 4], META, ALONE), group=ALONE, verbose=0,
    ).initialize()  # fmt: skip
    net.generator_ = net.generators.inputs
    scores = getattr(net, step)(Batch(torch.empty(8, n_times, device=META), None, 8, 8))["scores"]
    assert scores.device == META
    assert scores.shape == (1 + len(net.criterion_.metric_names),)


def test_windows_kept_on_the_device_make_batches_there():
    store = WindowStore([np.zeros((10, 30), np.float32)])
    source = ResidentSource(store, np.arange(10), META)
    for windows, targets in source.batches(cut(np.arange(10), 4)):
        assert windows.device == targets.device == META


@pytest.mark.gpu
class TestGPU:
    @pytest.fixture(autouse=True)
    def gpu(self):
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device here")

    @pytest.fixture
    def windows(self):
        return np.random.default_rng(0).normal(size=(40, 512)).astype(np.float32)

    @each_pretrainer
    def test_auto_takes_it_and_learns_as_the_cpu_does(self, tiny, windows):
        on_gpu, on_cpu = (tiny(device=name, max_epochs=3).fit(windows) for name in ("auto", "cpu"))
        losses = [[row["train_loss"] for row in p.history_] for p in (on_gpu, on_cpu)]
        np.testing.assert_allclose(*losses, rtol=0.1)
        features = [on_gpu.set_params(device=name).encode(windows) for name in ("cuda", "cpu")]
        np.testing.assert_allclose(*features, atol=0.01)

    @each_pretrainer
    @pytest.mark.parametrize("resident", [True, False])
    def test_an_epoch_waits_for_it_only_at_its_end(self, tiny, windows, resident, monkeypatch):
        if not resident:
            monkeypatch.setattr(_batches, "RESIDENT_SHARE", 0.0)
        tiny(device="cuda", batch_size=8, max_epochs=1).fit(windows)
        train_step = TrainingNet.train_step

        def unsynchronised(self, batch, **params):
            torch.cuda.set_sync_debug_mode("error")
            try:
                return train_step(self, batch, **params)
            finally:
                torch.cuda.set_sync_debug_mode("default")

        monkeypatch.setattr(TrainingNet, "train_step", unsynchronised)
        tiny(device="cuda", batch_size=8, max_epochs=2).fit(windows)

    @pytest.mark.parametrize("kind", [PretextPretrainer, MaskedPretrainer])
    def test_out_of_memory_names_a_batch_size(self, kind):
        windows = np.zeros((4096, 25600), np.float32)
        windows[:, ::100] = 1
        torch.cuda.set_per_process_memory_fraction(0.02)
        try:
            with pytest.raises(MemoryError, match="try batch_size=2048"):
                kind(device="cuda", batch_size=4096, max_epochs=1).fit(windows)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
            torch.cuda.empty_cache()
