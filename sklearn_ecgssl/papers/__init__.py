"""The three papers: how they did it, and their tables again."""

from ._paper_preset import paper_preset
from ._preset import PaperPreset
from ._reproduce import reproduce
from ._reproduction import Reproduction
from ._task import Figure, PaperTask

__all__ = [
    "Figure",
    "PaperPreset",
    "PaperTask",
    "Reproduction",
    "paper_preset",
    "reproduce",
]
