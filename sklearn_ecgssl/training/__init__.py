"""Training loops: devices, seeds, precision and history. The one folder that knows skorch."""

from ._checkpoint import Checkpoint, fit_facts, open_checkpoint
from ._criterion import Criterion
from ._device import PRECISIONS, resolve_device, resolve_precision
from ._group import Group, LostProcessError, check_same_windows, process_group
from ._inference import apply_batched, evaluate
from ._parameters import plan_of, training_parameters
from ._schedules import (
    Schedule,
    constant,
    decay_every_batches,
    decay_every_epochs,
    warm_up_and_decay,
)
from ._seeds import draw_seeds
from ._state import module_to_state
from ._train import Trained, TrainingPlan, train

__all__ = [
    "PRECISIONS",
    "Checkpoint",
    "Criterion",
    "Group",
    "LostProcessError",
    "Schedule",
    "Trained",
    "TrainingPlan",
    "apply_batched",
    "check_same_windows",
    "constant",
    "decay_every_batches",
    "decay_every_epochs",
    "draw_seeds",
    "evaluate",
    "fit_facts",
    "module_to_state",
    "open_checkpoint",
    "plan_of",
    "process_group",
    "resolve_device",
    "resolve_precision",
    "train",
    "training_parameters",
    "warm_up_and_decay",
]
