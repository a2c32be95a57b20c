"""Sarkar & Etemad, IEEE Transactions on Affective Computing, 2020."""

from sklearn.base import clone

from ..classify import ECGClassifier
from ..pretext import PretextPretrainer
from ._preset import PaperPreset
from ._sarkar import CHOICES, FILTER, NETWORKS, SEGMENTER
from ._task import Figure, PaperTask

_TASKS = (
    PaperTask("amigos", "arousal", "mean"),
    PaperTask("amigos", "valence", "mean"),
    PaperTask("dreamer", "arousal", "mean"),
    PaperTask("dreamer", "valence", "mean"),
    PaperTask("wesad", "condition"),
    PaperTask("swell", "stress"),
    PaperTask("swell", "arousal", "mean"),
    PaperTask("swell", "valence", "mean"),
)
_SETS = ("amigos", "dreamer", "wesad", "swell")


def tac2020() -> PaperPreset:
    """Return the preset of the journal paper."""
    return PaperPreset(
        name="tac2020",
        citation=(
            "P. Sarkar, A. Etemad, Self-supervised ECG Representation Learning for Emotion "
            "Recognition, IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898"
        ),
        filter=clone(FILTER),
        scale="trimmed",
        segmenter=clone(SEGMENTER),
        pretrainer=PretextPretrainer(),
        heads={name: ECGClassifier.from_preset(f"tac2020-{name}") for name in _SETS},
        networks=NETWORKS,
        loading={name: {} for name in _SETS},
        pretraining_sets=_SETS,
        two_encoders=False,
        n_splits=10,
        figures=tuple(Figure(task, network) for task in _TASKS for network in NETWORKS),
        choices=(
            *CHOICES,
            "Parameters are those of the authors' published code. It takes dominance for valence "
            "of amigos and dreamer, and the scale of a person from the last file alone; here "
            "valence is valence, and a person is scaled by all recordings.",
            "That code labels a window of wesad by the highest label in it; here no window has "
            "two.",
            "That code reports the best epoch on the test folds; here it is the last.",
            "Ratings are above or below their mean; the code trains on the ratings as classes too.",
            "The paper's figures are not in this package: compare with its tables.",
        ),
    )
