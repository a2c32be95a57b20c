"""Self-supervised learning on ECG, as scikit-learn estimators.

Every public name can be imported from here. Nothing is loaded before it is used: importing the
package, or its ``signal`` and ``datasets`` folders, does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

_FOLDERS = {
    "datasets": ["load_recordings", "make_cohort", "save_recordings"],
    "signal": ["ECGFilter", "Resampler", "Segmenter", "TrimmedScaler", "scale_subjects"],
    "transforms": ["AddNoise", "FlipTime", "Negate", "Permute", "Scale", "TimeWarp"],
    "networks": ["ConvTrunk", "RecognitionNet"],
    "training": [],
    "pretext": ["PretextPretrainer"],
    "features": ["SSLEmbedder"],
    "classify": ["DenseClassifier", "SegmentVotingClassifier"],
}
_FOLDER_OF = {name: folder for folder, names in _FOLDERS.items() for name in names}

__all__ = [
    "AddNoise",
    "ConvTrunk",
    "DenseClassifier",
    "ECGFilter",
    "FlipTime",
    "Negate",
    "Permute",
    "PretextPretrainer",
    "RecognitionNet",
    "Resampler",
    "SSLEmbedder",
    "Scale",
    "SegmentVotingClassifier",
    "Segmenter",
    "TimeWarp",
    "TrimmedScaler",
    "__version__",
    "load_recordings",
    "make_cohort",
    "save_recordings",
    "scale_subjects",
]

if TYPE_CHECKING:  # what type checkers and editors read
    from .classify import DenseClassifier, SegmentVotingClassifier
    from .datasets import load_recordings, make_cohort, save_recordings
    from .features import SSLEmbedder
    from .networks import ConvTrunk, RecognitionNet
    from .pretext import PretextPretrainer
    from .signal import ECGFilter, Resampler, Segmenter, TrimmedScaler, scale_subjects
    from .transforms import AddNoise, FlipTime, Negate, Permute, Scale, TimeWarp
else:  # what runs: a name is imported when it is first asked for

    def __getattr__(name: str) -> object:
        if name in _FOLDER_OF:
            value = getattr(import_module(f"{__name__}.{_FOLDER_OF[name]}"), name)
        elif name in _FOLDERS:
            value = import_module(f"{__name__}.{name}")
        else:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(__all__)}"
            )
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_FOLDERS})
