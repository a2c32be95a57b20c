"""A graph of operations, and its form as ONNX."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import __version__

#: The oldest operators that suffice (LayerNormalization is of 17), so that old runtimes read them.
OPSET = 17
#: The version of the file format that came with them.
IR_VERSION = 8


class Node(NamedTuple):
    """An operation, the values that it takes and the one that it gives."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


class Graph:
    """Operations on named values; what is asked for twice is computed once.

    It knows nothing of onnx before `to_bytes`.

    Parameters
    ----------
    name : str
        Its name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        self._known: dict[Any, str] = {}

    def constant(self, values: Any) -> str:
        """Store an array.

        Parameters
        ----------
        values : array-like or Tensor
            Floating point numbers are stored as float32, integers as int64.

        Returns
        -------
        str
            The name of the value.
        """
        array = np.asarray(values)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = f"constant{len(self.constants)}"
            self.constants[self._known[key]] = array
        return self._known[key]

    def add(self, operator: str, *inputs: Any, **attributes: Any) -> str:
        """Apply an operator.

        Parameters
        ----------
        operator : str
            Its name in ONNX.
        *inputs : str or array-like
            Names of values; anything else becomes a constant.
        **attributes
            The operator's attributes.

        Returns
        -------
        str
            The name of its (first) output.
        """
        names = tuple(x if isinstance(x, str) else self.constant(x) for x in inputs)
        key = (operator, names, repr(sorted(attributes.items())))
        if key not in self._known:
            self._known[key] = f"{operator}{len(self.nodes)}"
            self.nodes.append(Node(operator, names, self._known[key], attributes))
        return self._known[key]

    def slice(self, value: str, start: int, stop: int, axis: int) -> str:
        """Take the entries from `start` to before `stop` along an axis."""
        return self.add("Slice", value, [start], [stop], [axis])

    def to_bytes(
        self,
        inputs: Mapping[str, Sequence[int | str]],
        outputs: Mapping[str, tuple[str, Sequence[int | str]]],
        metadata: Mapping[str, str],
    ) -> bytes:
        """Write the graph as an ONNX model, and check that.

        Parameters
        ----------
        inputs : mapping of str to shape
            What values are given; a name in a shape is a size that may vary.
        outputs : mapping of str to (str, shape)
            Names of outputs, the values that they are, and their shapes.
        metadata : mapping of str to str
            What the model says of itself.

        Returns
        -------
        bytes
            The file; the same for the same graph.
        """
        onnx = import_onnx()
        helper, number = onnx.helper, onnx.TensorProto.FLOAT
        nodes = [*self.nodes, *(Node("Identity", (v,), k, {}) for k, (v, _) in outputs.items())]
        model = helper.make_model(
            helper.make_graph(
                [helper.make_node(n.operator, n.inputs, [n.output], **n.attributes) for n in nodes],
                self.name,
                [helper.make_tensor_value_info(k, number, shape) for k, shape in inputs.items()],
                [helper.make_tensor_value_info(k, number, s) for k, (_, s) in outputs.items()],
                [onnx.numpy_helper.from_array(a, name) for name, a in self.constants.items()],
            ),
            producer_name=__name__.split(".")[0],
            producer_version=__version__,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(model, dict(metadata))
        content = model.SerializeToString(deterministic=True)
        onnx.checker.check_model(content, full_check=True)
        return content


def import_onnx() -> Any:
    """Import onnx.

    Returns
    -------
    module
        ``onnx``.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError(
            "export_onnx writes models with onnx, which cannot be imported: "
            'pip install "sklearn_ecgssl[onnx]"'
        ) from error
    return onnx
