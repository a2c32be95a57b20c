"""Arrays as the bytes of a safetensors file, and back."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from safetensors import deserialize
from safetensors.numpy import save

#: What safetensors calls the types of numpy.
_TYPES = {
    "BOOL": "?",
    **{f"I{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}


def to_safetensors(arrays: Mapping[str, np.ndarray], rounded: Collection[str] = ()) -> bytes:
    """Write arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Booleans, integers or floats.
    rounded : collection of str, default=()
        Names of the float32 arrays to round to bfloat16: 8 instead of 24 significant bits.

    Returns
    -------
    bytes
        The file.
    """
    in_order = {name: _in_file_order(array) for name, array in arrays.items()}
    return _save_rounded(in_order, rounded) if rounded else save(in_order)


def from_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """Read arrays; bfloat16 becomes float32, which holds all of its values.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    dict of str to ndarray
        The arrays.

    Raises
    ------
    Exception
        Whatever safetensors raises where it is not such a file, KeyError for another type.
    """
    return {name: _array(view) for name, view in deserialize(data)}


def _array(view: Mapping[str, Any]) -> np.ndarray:
    if view["dtype"] == "BF16":  # the upper half of a float32
        halves = np.frombuffer(view["data"], "<u2").astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(view["shape"])
    return np.frombuffer(view["data"], _TYPES[view["dtype"]]).reshape(view["shape"])


def _in_file_order(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def _save_rounded(arrays: Mapping[str, np.ndarray], rounded: Collection[str]) -> bytes:
    # numpy has no bfloat16; whoever has weights to round has torch loaded already.
    import torch
    from safetensors.torch import save as save_tensors

    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    return save_tensors(
        {name: t.to(torch.bfloat16) if name in rounded else t for name, t in tensors.items()}
    )
