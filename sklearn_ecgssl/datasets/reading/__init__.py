"""What every data set has in common: trials of people in, recordings and a target out."""

from ._attribute import Attribute, Condition, Rating
from ._data_set import DataSet
from ._files import not_found
from ._load import load
from ._trial import Label, LeftOut, Trial

__all__ = [
    "Attribute",
    "Condition",
    "DataSet",
    "Label",
    "LeftOut",
    "Rating",
    "Trial",
    "load",
    "not_found",
]
