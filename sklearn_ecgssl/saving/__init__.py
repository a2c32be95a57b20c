"""Fitted estimators in files: folders of weights, ONNX models, skops."""

from ._onnx import export_onnx
from ._pretrained import PretrainedMixin, savable
from ._trusted import trusted_types

__all__ = ["PretrainedMixin", "export_onnx", "savable", "trusted_types"]
