"""
The authors' TensorFlow weights as a pretrained encoder
=======================================================

Sarkar & Etemad (arXiv:2002.03898) publish the weights of their network as a TensorFlow 1
checkpoint, under a non-commercial licence (CC BY-NC): give them credit, and make no commercial use
of what this script writes. It needs TensorFlow once, ``pip install tensorflow-cpu``, to read the
checkpoint, and writes a folder that ``SSLEmbedder("folder")`` takes::

    python examples/programs/convert_tf_checkpoint.py SSL_model.ckpt sarkar_etemad

The checkpoint is named without ``.index`` and ``.data-00000-of-00001``. Windows must be what the
network has learnt on: 10 s at 256 Hz, high-pass filtered at 0.8 Hz, scaled per subject.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from sklearn_ecgssl import PretextPretrainer

N_TASKS = 7
#: Layers by their names in the checkpoint, and in the state of a pretrainer.
CONVS = {f"conv_layer_{i + 1}": f"trunk.blocks.{i // 2}.convs.{i % 2}" for i in range(6)}
DENSE = {
    f"task_{task}{suffix}": f"heads.{task}.{position}"
    for task in range(N_TASKS)
    for suffix, position in {"_dense_1": 0, "_dense_2": 3, "": 6}.items()
}


def read_tensors(prefix: str) -> dict[str, np.ndarray]:
    """Read all layers of a checkpoint; the state of the optimiser is left alone."""
    import tensorflow as tf

    checkpoint = tf.train.load_checkpoint(prefix)
    names = [f"{layer}/{kind}" for layer in (*CONVS, *DENSE) for kind in ("kernel", "bias")]
    lacking = [name for name in names if not checkpoint.has_tensor(name)]
    if lacking:
        sys.exit(f"{prefix} is of another network: it lacks {', '.join(lacking[:5])}, ...")
    return {name: checkpoint.get_tensor(name) for name in names}


def converted(tensors: dict[str, np.ndarray], n_times: int = 2560) -> PretextPretrainer:
    """Make a pretrainer with these weights, as if it had been fitted on windows of `n_times`."""
    kernels = [tensors[f"{layer}/kernel"] for layer in list(CONVS)[::2]]
    pretrainer = PretextPretrainer(
        filters=tuple(kernel.shape[-1] for kernel in kernels),
        kernel_sizes=tuple(kernel.shape[0] for kernel in kernels),
        head_hidden=tuple(tensors[f"task_0_dense_{i}/kernel"].shape[-1] for i in (1, 2)),
        max_epochs=0,
    )
    pretrainer.fit(np.random.default_rng(0).normal(size=(2, n_times)))  # learns nothing
    state = {}
    for layer, own in (CONVS | DENSE).items():
        kernel = tensors[f"{layer}/kernel"].T  # (outputs, inputs) or (outputs, inputs, times)
        kernel = kernel[:, :, None] if layer in CONVS else kernel
        state[f"{own}.weight"] = np.ascontiguousarray(kernel, dtype=np.float32)
        state[f"{own}.bias"] = np.asarray(tensors[f"{layer}/bias"], dtype=np.float32)
    for name, weights in pretrainer.state_.items():
        if state[name].shape != weights.shape or not np.isfinite(state[name]).all():
            sys.exit(f"{name} is of shape {state[name].shape}, not {weights.shape}, or not finite.")
    pretrainer.state_, pretrainer.sampling_rate_ = state, 256.0
    return pretrainer.set_params(max_epochs=PretextPretrainer().max_epochs)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("checkpoint", help="its path, without .index and .data-00000-of-00001")
    parser.add_argument("output", help="folder to write")
    parser.add_argument("--n-times", type=int, default=2560, help="samples in a window")
    options = parser.parse_args(arguments)
    prefix = str(Path(options.checkpoint).expanduser())
    converted(read_tensors(prefix), options.n_times).save_pretrained(options.output)
    print(f"{options.output}: under the licence of the weights, CC BY-NC if they are the authors'")


if __name__ == "__main__":
    main()
