"""Training loops: devices, seeds, precision and history. The one folder that knows skorch."""

from ._criterion import Criterion
from ._device import PRECISIONS, resolve_device, resolve_precision
from ._inference import apply_batched, evaluate
from ._seeds import draw_seeds
from ._state import module_to_state
from ._train import TrainingPlan, train

__all__ = [
    "PRECISIONS",
    "Criterion",
    "TrainingPlan",
    "apply_batched",
    "draw_seeds",
    "evaluate",
    "module_to_state",
    "resolve_device",
    "resolve_precision",
    "train",
]
