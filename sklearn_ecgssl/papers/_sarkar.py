"""What both papers of Sarkar and Etemad have in common."""

from typing import Any

from ..signal import ECGFilter, Segmenter

FILTER = ECGFilter(sampling_rate=256, low=0.8)
SEGMENTER = Segmenter(sampling_rate=256, window_length=10)

NETWORKS: dict[str, dict[str, Any]] = {
    "supervised": {"pretrained": False, "freeze": None},
    "self-supervised": {"pretrained": True, "freeze": "trunk"},
}

CHOICES = (
    "The order of the high-pass filter is not published: Butterworth, order 4, forth and back.",
    "The lead of a data set with several is not published: the one that its reader takes first.",
    "Folds are of shuffled windows without regard to classes, the same for all attributes.",
    "Pretraining takes all windows of the training folds, also those that have no label.",
)
