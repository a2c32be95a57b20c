"""Vazquez-Rodriguez et al., ICPR 2022."""

from typing import Any

from ..classify import ECGClassifier
from ..pretext import MaskedPretrainer
from ..signal import ECGFilter, Segmenter
from ._preset import PaperPreset
from ._task import Figure, PaperTask

_AROUSAL = PaperTask("amigos", "arousal", "mean")
_VALENCE = PaperTask("amigos", "valence", "mean")
_NETWORKS: dict[str, dict[str, Any]] = {
    "fine-tuned": {"pretrained": True},
    "without pretraining": {"pretrained": False},
    "fine-tuned, mean": {"pretrained": True, "aggregate": "mean"},
    "fine-tuned, max": {"pretrained": True, "aggregate": "max"},
}
#: Network, window length, then accuracy and F1 of arousal and of valence.
_PUBLISHED = (
    ("fine-tuned", 10, (0.88, 0.87), (0.83, 0.83)),
    ("without pretraining", 10, (0.85, 0.84), (0.80, 0.80)),
    ("fine-tuned, mean", 10, (0.88, 0.87), (0.83, 0.83)),
    ("fine-tuned, max", 10, (0.86, 0.84), (0.80, 0.80)),
    ("fine-tuned", 20, (0.87, 0.86), (0.82, 0.82)),
    ("fine-tuned", 40, (0.86, 0.85), (0.82, 0.81)),
)


def icpr2022() -> PaperPreset:
    """Return the preset of the Transformer paper."""
    return PaperPreset(
        name="icpr2022",
        citation=(
            "J. Vazquez-Rodriguez, G. Lefebvre, J. Cumin, J. L. Crowley, Transformer-Based "
            "Self-Supervised Learning for Emotion Recognition, ICPR 2022, arXiv:2204.05103"
        ),
        filter=ECGFilter(sampling_rate=128, low=0.8, high=50, order=8),
        scale="standard",
        segmenter=Segmenter(sampling_rate=128, window_length=10),
        pretrainer=MaskedPretrainer(),
        heads={"amigos": ECGClassifier.from_preset("icpr2022")},
        networks=_NETWORKS,
        loading={
            "amigos": {"leads": "left"},
            "ascertain": {},
            "dreamer": {},
            "pspm": {},
        },
        pretraining_sets=("amigos", "ascertain", "dreamer", "pspm"),
        two_encoders=True,
        n_splits=10,
        figures=tuple(
            Figure(task, network, *published, window_length=window_length)
            for network, window_length, *both in _PUBLISHED
            for task, published in zip((_AROUSAL, _VALENCE), both, strict=True)
        ),
        choices=(
            "The batch size is not published: 64 for pretraining, 128 for fine-tuning.",
            "Whether the filter of order 8 is causal is not published: forth and back, each edge "
            "of order 8.",
            "Where layers are normalised is not published: after them, as Vaswani et al. do.",
            "Early stopping is not published: none.",
            "From where on a rating is high is not known to this package: above the mean of all.",
            "The paper drops recordings of ascertain of quality 3 and worse. That needs a file of "
            "marks: see load_ascertain, and change loading to max_quality=2.",
            "The leads of ascertain and dreamer are not published: those that their readers take "
            "first.",
            "Folds are of shuffled windows without regard to classes, the same for both "
            "attributes.",
            "The data sets PsPM-FR, HRM5, RRM1-2 and VIS are those in the folder of pspm.",
        ),
    )
