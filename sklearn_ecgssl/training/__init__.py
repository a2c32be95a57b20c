"""The training loop: device, precision, seeds, history, checkpoints. The one folder with skorch."""

from ._checkpoint import Checkpoint, fit_facts, open_checkpoint
from ._device import PRECISIONS, draw_seeds, resolve_device, resolve_precision
from ._group import Group, LostProcessError, check_same_windows, process_group
from ._inference import apply_batched, evaluate
from ._net import Criterion, module_to_state
from ._parameters import training_parameters
from ._train import (
    Schedule,
    Trained,
    TrainingPlan,
    constant,
    decay_every_batches,
    decay_every_epochs,
    plan_of,
    train,
    warm_up_and_decay,
)

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
