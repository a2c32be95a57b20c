"""Device, precision and random generators; what a GPU must do."""

import numpy as np
import pytest
import torch

from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer
from sklearn_ecgssl.training import _batches, resolve_device, resolve_precision
from sklearn_ecgssl.training._device import Generators, exact_float32
from sklearn_ecgssl.training._group import Group
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
