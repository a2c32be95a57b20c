"""Fitted estimators in files and for torch: folders of weights, ONNX models, modules, skops."""

from ._onnx import export_onnx
from ._pretrained import PretrainedMixin, savable
from ._torch_pipeline import to_torch
from ._torch_steps import MeanOfWindows
from ._trusted import trusted_types

__all__ = [
    "MeanOfWindows",
    "PretrainedMixin",
    "export_onnx",
    "savable",
    "to_torch",
    "trusted_types",
]
