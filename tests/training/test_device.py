import pytest
import torch

from sklearn_ecgssl.training import (
    Group,
    _device as device_module,
    resolve_device,
    resolve_precision,
)
from sklearn_ecgssl.training._device import Generators

CPU = torch.device("cpu")


def test_auto_device_is_there():
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    ("device", "precision", "allowed"),
    [
        ("cuda", torch.float32, False),
        ("cuda", torch.bfloat16, True),
        ("cpu", torch.float32, True),
    ],
)
def test_float32_is_not_rounded_to_tf32(device, precision, allowed):
    with device_module.exact_float32(torch.device(device), precision):
        assert torch.backends.cudnn.allow_tf32 == allowed
    assert torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("name", ["gpuu", "cuda:99"])
def test_missing_device_is_named(name):
    with pytest.raises(ValueError, match=f"device='{name}' cannot be used here"):
        resolve_device(name)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"avx2": True}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_auto_precision_follows_the_hardware(monkeypatch, capabilities, expected):
    monkeypatch.setattr(
        device_module.torch.cpu, "get_capabilities", lambda: capabilities, raising=False
    )
    assert resolve_precision("auto", CPU) is expected


@pytest.mark.parametrize(
    ("capability", "expected"), [((8, 0), torch.bfloat16), ((7, 5), torch.float32)]
)
def test_auto_precision_follows_the_gpu(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert resolve_precision("auto", torch.device("cuda")) is expected
    assert resolve_precision("auto", torch.device("meta")) is torch.float32


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


def test_auto_precision_where_torch_cannot_tell(monkeypatch):
    monkeypatch.delattr(device_module.torch.cpu, "get_capabilities", raising=False)
    assert resolve_precision("auto", CPU) is torch.float32


def test_named_precision_is_obeyed():
    assert resolve_precision("float32", CPU) is torch.float32
    assert resolve_precision("bfloat16", CPU) is torch.bfloat16
