"""Training loops: devices, seeds, precision and history. The one folder that knows skorch."""

from ._device import PRECISIONS, resolve_device, resolve_precision
from ._inference import apply_batched, evaluate
from ._seeds import draw_seeds, forked_rng
from ._state import load_state, module_to_state
from ._train import TrainingPlan, train

__all__ = [
    "PRECISIONS",
    "TrainingPlan",
    "apply_batched",
    "evaluate",
    "draw_seeds",
    "forked_rng",
    "load_state",
    "module_to_state",
    "resolve_device",
    "resolve_precision",
    "train",
]
