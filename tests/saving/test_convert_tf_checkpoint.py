"""The script that turns the authors' TensorFlow weights into a pretrained encoder."""

import importlib.util

import numpy as np
import pytest

from sklearn_ecgssl import load_pretrained
from tests.checkout import checkout

SCRIPT = checkout() / "examples/programs/convert_tf_checkpoint.py"
FILTERS, KERNEL_SIZES, HIDDEN = (4, 3, 5), (4, 3, 7), (2, 6)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("convert_tf_checkpoint", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tensors():
    """Weights by the names of the checkpoint: kernels (times, inputs, outputs)."""
    draw = np.random.default_rng(0).normal
    shapes, inputs = {}, 1
    for i in range(6):
        outputs = FILTERS[i // 2]
        shapes[f"conv_layer_{i + 1}"] = (KERNEL_SIZES[i // 2], inputs, outputs)
        inputs = outputs
    for task in range(7):
        sizes = (FILTERS[-1], *HIDDEN, 1)
        for suffix, i in {"_dense_1": 0, "_dense_2": 1, "": 2}.items():
            shapes[f"task_{task}{suffix}"] = sizes[i : i + 2]
    made = {f"{layer}/kernel": draw(0, 0.3, shape) for layer, shape in shapes.items()}
    made |= {f"{layer}/bias": draw(0, 0.3, shape[-1]) for layer, shape in shapes.items()}
    return {name: tensor.astype(np.float32) for name, tensor in made.items()}


def features_of_blocks(tensors, window):
    """What the authors' network makes of a window: the global maximum of each block."""
    signal, features = np.float64(window)[:, None], []
    for i in range(1, 7):
        layer = f"conv_layer_{i}"
        kernel, n_padding = tensors[f"{layer}/kernel"], len(tensors[f"{layer}/kernel"]) - 1
        padding = n_padding // 2, n_padding - n_padding // 2  # "same": shorter on the left
        padded = np.pad(signal, (padding, (0, 0)))
        parts = [padded[j : j + len(signal)] @ kernel[j] for j in range(len(kernel))]
        convolved = sum(parts) + tensors[f"{layer}/bias"]
        signal = np.where(convolved > 0, convolved, 0.2 * convolved)
        if i % 2 == 0:
            features.append(signal.max(axis=0))
            windows = range(0, len(signal) - 7, 2)
            signal = np.array([signal[j : j + 8].max(axis=0) for j in windows])
    return np.concatenate(features)


def test_computes_what_tensorflow_would(script, tensors, tmp_path):
    script.converted(tensors, 301).save_pretrained(tmp_path / "encoder")
    pretrainer = load_pretrained(tmp_path / "encoder").set_params(precision="float32")
    windows = np.random.default_rng(1).normal(size=(3, 301)).astype(np.float32)
    expected = [features_of_blocks(tensors, window) for window in windows]
    np.testing.assert_allclose(pretrainer.encode(windows, "all"), expected, atol=1e-5)
    state = pretrainer.state_
    np.testing.assert_array_equal(state["heads.4.3.bias"], tensors["task_4_dense_2/bias"])
    np.testing.assert_array_equal(state["heads.6.6.weight"][0], tensors["task_6/kernel"][:, 0])


def test_layers_that_do_not_fit_are_an_error(script, tensors):
    tensors["conv_layer_4/kernel"] = tensors["conv_layer_4/kernel"][:, :, :-1]
    with pytest.raises(SystemExit, match=r"trunk.blocks.1.convs.1.weight is of shape"):
        script.converted(tensors)
