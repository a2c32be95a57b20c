"""From recordings to clean windows: filter, resample, scale and cut ECG (numpy and scipy only)."""

from ._base import RecordingTransformer
from ._filter import ECGFilter
from ._resample import Resampler
from ._scale import TrimmedScaler, scale_subjects
from ._segment import Segmenter

__all__ = [
    "ECGFilter",
    "RecordingTransformer",
    "Resampler",
    "Segmenter",
    "TrimmedScaler",
    "scale_subjects",
]
