"""Docstrings: numpydoc finds nothing wrong with those of public names, methods and properties."""

import inspect

import pytest

import sklearn_ecgssl
from sklearn_ecgssl.datasets import DataSet

pytest.importorskip("numpydoc", reason="docstrings are checked by numpydoc, for developers alone")
from numpydoc.validate import validate

#: What numpydoc may find; everything else it finds is a fault.
IGNORED = {
    "ES01",  # no extended summary: one line can say it all
    "SA01",  # no See Also: not everything has a relative
    "RT02",  # a single result may have a name, such as `self`, as in scikit-learn
}
#: Of a data set. What it inherits is documented in its bases, and shown in the example of the
#: function that loads it: test_all_data_sets.py checks that each says all of its parameters.
IGNORED_OF_DATA_SETS = {"EX01", "PR01", "PR02", "SS02"}
#: Folders whose further names serve other folders of the package: one line says what they do.
INNER = {"networks", "pretext", "saving", "training", "transforms"}


def public_names():
    """Public classes and functions by dotted name, each once; constants have no docstring."""
    public = {name: getattr(sklearn_ecgssl, name) for name in sklearn_ecgssl.__all__}
    found = {f"sklearn_ecgssl.{name}": value for name, value in public.items()}
    for folder, module in public.items():
        if inspect.ismodule(module) and folder not in INNER:
            further = sorted({*module.__all__} - {*public})
            found |= {f"sklearn_ecgssl.{folder}.{name}": getattr(module, name) for name in further}
    return {
        dotted: value
        for dotted, value in found.items()
        if inspect.isclass(value) or inspect.isroutine(value)
    }


def is_ours(value):
    """Whether a class, function or property is of this package, not of scikit-learn or torch."""
    value = getattr(value, "fget", None) or getattr(value, "func", None) or value
    return (getattr(value, "__module__", None) or "").startswith("sklearn_ecgssl")


def is_data_set(value):
    """Whether a class is a data set, whose methods are those that `DataSet` documents."""
    return inspect.isclass(value) and issubclass(value, DataSet) and value is not DataSet


def documented_members(owner):
    """Where the docstrings of a class's public methods and properties are: in it, or in a base."""
    for name in dir(owner):
        is_field = name in getattr(owner, "__dataclass_fields__", {})
        if name.startswith("_") or is_field or not is_ours(getattr(owner, name)):
            continue
        bases = [base for base in owner.__mro__ if is_ours(base) and name in vars(base)]
        base = next((base for base in bases if vars(base)[name].__doc__), bases[0])
        yield f"{base.__module__}.{base.__qualname__}.{name}"


def faults(dotted, ignored):
    return [f"{code} {text}" for code, text in validate(dotted)["errors"] if code not in ignored]


NAMES = public_names()


@pytest.mark.parametrize("dotted", NAMES)
@pytest.mark.filterwarnings("error")  # numpydoc warns of underlines that are too short
def test_docstring(dotted):
    value = NAMES[dotted]
    if is_data_set(value):
        assert faults(dotted, IGNORED | IGNORED_OF_DATA_SETS) == []
        return
    assert faults(dotted, IGNORED) == []
    assert ">>> " in value.__doc__.partition("Examples\n")[2]
    for place in documented_members(value) if inspect.isclass(value) else ():
        assert faults(place, IGNORED | {"EX01"}) == [], place


def test_inherited_and_conditional_methods_are_checked():
    members = {
        place.rpartition(".")[2]: place for place in documented_members(sklearn_ecgssl.ECGFilter)
    }
    assert members["transform"] == "sklearn_ecgssl.signal._base.RecordingTransformer.transform"
    assert "set_output" not in members  # scikit-learn's
    voting = documented_members(sklearn_ecgssl.SegmentVotingClassifier)
    assert any(place.endswith(".predict_proba") for place in voting)
