"""Torch modules of other people as bytes and arrays, so that they can be pickled and hashed.

A tensor pickles with the address of its storage: joblib hashes a copy of it otherwise, and finds no
cached result again. Modules hold lambdas, and weights that torch does not copy. So a module becomes
bytes in which tensors are numbers, and the tensors become arrays.
"""

import copy
import io
import pickle
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.nn.utils import parametrize

try:
    import cloudpickle
except ImportError:  # joblib before 1.6 has one of its own, later ones need it installed
    from joblib.externals import cloudpickle


#: What is no Python inside: its class, what writes it and what reads it.
FILES: dict[str, tuple[type, Any, Any]] = {
    "export": (ExportedProgram, torch.export.save, torch.export.load),
    "jit": (torch.jit.ScriptModule, torch.jit.save, torch.jit.load),
}


class Packed(NamedTuple):
    """A torch module without tensors, pickled; or what torch has a kind of file for, as that."""

    content: bytes
    #: Of each tensor its values, its dtype, and whether it is a parameter.
    tensors: list[tuple[np.ndarray, str, bool]]
    #: "export" or "jit", where the content is a file.
    file: str = ""


def pack(model: Any) -> Packed:
    """Turn a module or a program into bytes and arrays; the arrays may share its memory."""
    for kind, (of_kind, save, _) in FILES.items():
        if isinstance(model, of_kind):
            stream = io.BytesIO()
            save(model, stream)
            return Packed(stream.getvalue(), [], kind)
    content, tensors = _dumped(_without_parametrizations(model))
    # Once more: what was loaded pickles as what was loaded from it, so that both hash alike.
    content, tensors = _dumped(_Unpickler(content, tensors).load())
    return Packed(content, [_as_array(tensor) for tensor in tensors])


def unpack(packed: Packed) -> Any:
    """Make the module or the program again, on the CPU; it may share the memory of the arrays."""
    if packed.file:
        _, _, load = FILES[packed.file]
        return load(io.BytesIO(packed.content))
    return _Unpickler(packed.content, [_as_tensor(*one) for one in packed.tensors]).load()


def _dumped(module: nn.Module) -> tuple[bytes, list[Tensor]]:
    stream = io.BytesIO()
    pickler = _Pickler(stream)
    pickler.dump(module)
    return stream.getvalue(), pickler.tensors


class _Pickler(cloudpickle.Pickler):
    """Pickles what has no name too, such as lambdas, and numbers the tensors."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.tensors: list[Tensor] = []
        self._numbers: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if not isinstance(obj, Tensor):
            return None
        number = self._numbers.setdefault(id(obj), len(self.tensors))
        if number == len(self.tensors):
            self.tensors.append(obj)  # which keeps its id from being used again
        return number


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes, tensors: list[Tensor]) -> None:
        super().__init__(io.BytesIO(content))
        self._tensors = tensors

    def persistent_load(self, pid: int) -> Tensor:
        return self._tensors[pid]


def _without_parametrizations(module: nn.Module) -> nn.Module:
    """Write weights that are computed from others (`weight_norm`), as torch pickles none."""
    if not any(map(parametrize.is_parametrized, module.modules())):
        return module
    attributes = (value for part in module.modules() for value in vars(part).values())
    computed = {id(value): value.detach() for value in attributes if isinstance(value, Tensor)}
    plain = copy.deepcopy(module, computed)
    for part in list(plain.modules()):
        if parametrize.is_parametrized(part):
            names: Any = part.parametrizations
            weights = {name: getattr(part, name).detach() for name in names}
            # Not by remove_parametrizations: it changes the class, which the original shares.
            part.__class__ = parametrize.type_before_parametrizations(part)
            del part.parametrizations
            for name, weight in weights.items():
                part.register_parameter(name, nn.Parameter(weight))
    return plain


def _as_array(tensor: Tensor) -> tuple[np.ndarray, str, bool]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    plain = tensor.detach().cpu()
    if not hasattr(np, dtype) and dtype != "bool":  # numpy has no bfloat16
        plain = plain.float()
    array, is_parameter = plain.resolve_conj().numpy(), isinstance(tensor, nn.Parameter)
    return array if is_parameter else array.copy(), dtype, is_parameter  # buffers may change


def _as_tensor(array: np.ndarray, dtype: str, is_parameter: bool) -> Tensor:
    if not array.flags.writeable:  # torch warns of a memory-map of joblib's
        array = array.copy()
    tensor = torch.from_numpy(array).to(getattr(torch, dtype))
    return nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor
