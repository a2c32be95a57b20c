"""Sarkar & Etemad, ICASSP 2020."""

from sklearn.base import clone

from ..classify import ECGClassifier
from ..pretext import PretextPretrainer
from ._preset import PaperPreset
from ._sarkar import CHOICES, FILTER, NETWORKS, SEGMENTER
from ._task import Figure, PaperTask

#: Accuracy and F1 of the supervised and of the self-supervised network.
_PUBLISHED = {
    PaperTask("swell", "stress"): ((0.984, None), (0.983, None)),
    PaperTask("swell", "arousal", "mean"): ((0.958, 0.957), (0.960, 0.956)),
    PaperTask("swell", "valence", "mean"): ((0.961, 0.956), (0.963, 0.958)),
    PaperTask("amigos", "arousal", "mean"): ((0.837, 0.828), (0.858, 0.851)),
    PaperTask("amigos", "valence", "mean"): ((0.809, 0.808), (0.840, 0.837)),
}
_SETS = ("swell", "amigos")


def icassp2020() -> PaperPreset:
    """Return the preset of the conference paper."""
    return PaperPreset(
        name="icassp2020",
        citation=(
            "P. Sarkar, A. Etemad, Self-Supervised Learning for ECG-Based Emotion Recognition, "
            "ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985"
        ),
        filter=clone(FILTER),
        scale="trimmed",
        segmenter=clone(SEGMENTER),
        pretrainer=PretextPretrainer.from_preset("icassp2020"),
        heads={name: ECGClassifier.from_preset("icassp2020") for name in _SETS},
        networks=NETWORKS,
        loading={name: {} for name in _SETS},
        pretraining_sets=_SETS,
        two_encoders=False,
        n_splits=10,
        figures=tuple(
            Figure(task, network, *published)
            for task, both in _PUBLISHED.items()
            for network, published in zip(NETWORKS, both, strict=True)
        ),
        choices=(
            *CHOICES,
            "The amount of noise is not published: 15 dB, as in the code of the journal paper.",
            "Time-warping is not published: 9 pieces, stretched by 1.05, as in that code.",
            "The weights of the tasks are not published: those of that code.",
            "Whether signals are scaled is not published: per person, as in that code.",
            "Dropout and L2 of the classifier are not published: none.",
        ),
    )
