"""Training loops: devices, seeds, precision and history. The one folder that knows skorch."""

from ._checkpoint import Checkpoint, open_checkpoint
from ._criterion import Criterion
from ._device import PRECISIONS, resolve_device, resolve_precision
from ._facts import fit_facts
from ._inference import apply_batched, evaluate
from ._schedules import decay_every_batches, decay_every_epochs, warm_up_and_decay
from ._seeds import draw_seeds
from ._state import module_to_state
from ._train import Trained, TrainingPlan, train

__all__ = [
    "PRECISIONS",
    "Checkpoint",
    "Criterion",
    "Trained",
    "TrainingPlan",
    "apply_batched",
    "decay_every_batches",
    "decay_every_epochs",
    "draw_seeds",
    "evaluate",
    "fit_facts",
    "module_to_state",
    "open_checkpoint",
    "resolve_device",
    "resolve_precision",
    "train",
    "warm_up_and_decay",
]
