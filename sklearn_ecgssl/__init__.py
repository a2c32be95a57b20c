"""Self-supervised learning on ECG, as scikit-learn estimators.

Every public name can be imported from here. Nothing is loaded before it is used: importing the
package, or its ``formats``, ``datasets`` and ``signal`` folders, does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

_FOLDERS = {
    "formats": ["UnreadableFileError"],
    "signal": ["ECGFilter", "Resampler", "Segmenter", "TrimmedScaler", "scale_subjects"],
    "datasets": [
        "concatenate",
        "fetch_drivedb",
        "fetch_ecgid",
        "fetch_eegmat",
        "fetch_mitdb",
        "fetch_physionet",
        "fetch_qtdb",
        "load_amigos",
        "load_ascertain",
        "load_dreamer",
        "load_pspm",
        "load_recordings",
        "load_swell",
        "load_wesad",
        "make_cohort",
        "prepare",
        "prepare_windows",
        "save_recordings",
    ],
    "transforms": ["AddNoise", "FlipTime", "Negate", "Permute", "Scale", "TimeWarp"],
    "networks": ["ConvTrunk", "MaskedTransformer", "RecognitionNet", "TransformerTrunk"],
    "training": [],
    "pretext": [
        "MaskedPretrainer",
        "PretextPretrainer",
        "list_pretrained",
        "load_pretrained",
        "model_card",
    ],
    "features": ["HRVFeatures", "SSLEmbedder", "embed_blocks"],
    "classify": [
        "DenseClassifier",
        "ECGClassifier",
        "SegmentVotingClassifier",
        "SubjectScaledClassifier",
    ],
    "persistence": ["export_onnx", "trusted_types"],
    "evaluation": [
        "Evaluation",
        "LabelFractionSplit",
        "block_study",
        "compare_protocols",
        "difficulty_study",
        "label_fraction_study",
        "supervision_study",
        "task_study",
        "window_length_study",
    ],
    "papers": ["paper_preset", "reproduce"],
    "plotting": [
        "EmbeddingDisplay",
        "LabelFractionDisplay",
        "PretextHistoryDisplay",
        "ProtocolDisplay",
        "ReconstructionDisplay",
        "SaliencyDisplay",
        "StudyDisplay",
        "TransformationDisplay",
    ],
}
_FOLDER_OF = {name: folder for folder, names in _FOLDERS.items() for name in names}

__all__ = [
    "AddNoise",
    "ConvTrunk",
    "DenseClassifier",
    "ECGClassifier",
    "ECGFilter",
    "EmbeddingDisplay",
    "Evaluation",
    "FlipTime",
    "HRVFeatures",
    "LabelFractionDisplay",
    "LabelFractionSplit",
    "MaskedPretrainer",
    "MaskedTransformer",
    "Negate",
    "Permute",
    "PretextHistoryDisplay",
    "PretextPretrainer",
    "ProtocolDisplay",
    "RecognitionNet",
    "ReconstructionDisplay",
    "Resampler",
    "SSLEmbedder",
    "SaliencyDisplay",
    "Scale",
    "SegmentVotingClassifier",
    "Segmenter",
    "StudyDisplay",
    "SubjectScaledClassifier",
    "TimeWarp",
    "TransformationDisplay",
    "TransformerTrunk",
    "TrimmedScaler",
    "UnreadableFileError",
    "__version__",
    "block_study",
    "compare_protocols",
    "concatenate",
    "difficulty_study",
    "embed_blocks",
    "export_onnx",
    "fetch_drivedb",
    "fetch_ecgid",
    "fetch_eegmat",
    "fetch_mitdb",
    "fetch_physionet",
    "fetch_qtdb",
    "label_fraction_study",
    "list_pretrained",
    "load_amigos",
    "load_ascertain",
    "load_dreamer",
    "load_pretrained",
    "load_pspm",
    "load_recordings",
    "load_swell",
    "load_wesad",
    "make_cohort",
    "model_card",
    "paper_preset",
    "prepare",
    "prepare_windows",
    "reproduce",
    "save_recordings",
    "scale_subjects",
    "supervision_study",
    "task_study",
    "trusted_types",
    "window_length_study",
]

if TYPE_CHECKING:  # what type checkers and editors read
    from .classify import (
        DenseClassifier,
        ECGClassifier,
        SegmentVotingClassifier,
        SubjectScaledClassifier,
    )
    from .datasets import (
        concatenate,
        fetch_drivedb,
        fetch_ecgid,
        fetch_eegmat,
        fetch_mitdb,
        fetch_physionet,
        fetch_qtdb,
        load_amigos,
        load_ascertain,
        load_dreamer,
        load_pspm,
        load_recordings,
        load_swell,
        load_wesad,
        make_cohort,
        prepare,
        prepare_windows,
        save_recordings,
    )
    from .evaluation import (
        Evaluation,
        LabelFractionSplit,
        block_study,
        compare_protocols,
        difficulty_study,
        label_fraction_study,
        supervision_study,
        task_study,
        window_length_study,
    )
    from .features import HRVFeatures, SSLEmbedder, embed_blocks
    from .formats import UnreadableFileError
    from .networks import ConvTrunk, MaskedTransformer, RecognitionNet, TransformerTrunk
    from .papers import paper_preset, reproduce
    from .persistence import export_onnx, trusted_types
    from .plotting import (
        EmbeddingDisplay,
        LabelFractionDisplay,
        PretextHistoryDisplay,
        ProtocolDisplay,
        ReconstructionDisplay,
        SaliencyDisplay,
        StudyDisplay,
        TransformationDisplay,
    )
    from .pretext import (
        MaskedPretrainer,
        PretextPretrainer,
        list_pretrained,
        load_pretrained,
        model_card,
    )
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
