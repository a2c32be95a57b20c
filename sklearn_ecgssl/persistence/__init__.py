"""Fitted estimators into files that other programs read."""

from ._onnx import export_onnx
from ._trusted import trusted_types

__all__ = ["export_onnx", "trusted_types"]
