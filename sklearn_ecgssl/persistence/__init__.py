"""Fitted estimators into files that other programs read, and out of files that others wrote."""

from ._onnx import export_onnx
from ._tf_checkpoint import load_tf_checkpoint
from ._trusted import trusted_types

__all__ = ["export_onnx", "load_tf_checkpoint", "trusted_types"]
