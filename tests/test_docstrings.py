"""Docstrings: numpydoc finds nothing wrong with those of public names, methods and properties."""

import inspect
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import sklearn_ecgssl
from sklearn_ecgssl.datasets import DataSet

pytest.importorskip("numpydoc", reason="docstrings are checked by numpydoc, for developers alone")
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

PACKAGE = sklearn_ecgssl.__name__

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


def folders() -> dict[str, ModuleType]:
    """The public folders of the package by name."""
    found = [
        module.name for module in pkgutil.iter_modules(sklearn_ecgssl.__path__) if module.ispkg
    ]
    return {name: import_module(f"{PACKAGE}.{name}") for name in found if name[0] != "_"}


def public_names() -> Iterator[tuple[str, Any]]:
    """Public classes and functions by dotted name, each once; constants have no docstring."""
    for name in sorted({*sklearn_ecgssl.__all__} - {"__version__"}):
        value = getattr(sklearn_ecgssl, name)
        if not inspect.ismodule(value):
            yield f"{PACKAGE}.{name}", value
    for folder, module in folders().items():
        if folder in INNER:
            continue
        for name in sorted({*module.__all__} - {*sklearn_ecgssl.__all__}):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isroutine(value):
                yield f"{PACKAGE}.{folder}.{name}", value


def is_ours(value: Any) -> bool:
    """Whether a class or function is of this package, not of scikit-learn or torch."""
    module = getattr(value, "__module__", None) or ""
    return module.split(".")[0] == PACKAGE or module == __name__


def is_data_set(value: Any) -> bool:
    """Whether a class is a data set, whose methods are those that `DataSet` documents."""
    return inspect.isclass(value) and issubclass(value, DataSet) and value is not DataSet


def function_of(owner: type, name: str) -> Any:
    """The function behind a method or property of a class."""
    member = inspect.getattr_static(owner, name)
    if isinstance(member, property):
        return member.fget
    return member.func if isinstance(member, cached_property) else getattr(owner, name)


def public_members(owner: type) -> Iterator[str]:
    """Names of the public methods and properties of a class that this package defines."""
    for name in () if is_data_set(owner) else dir(owner):
        is_field = name in getattr(owner, "__dataclass_fields__", {})
        if not (name.startswith("_") or is_field):
            function = function_of(owner, name)
            if inspect.isroutine(function) and is_ours(function):
                yield name


def documented_in(owner: type, name: str) -> type:
    """The class that documents a member: a base, where an override has no docstring of its own."""
    holders = [base for base in owner.__mro__ if name in vars(base)]
    parameters = [*inspect.signature(function_of(holders[0], name)).parameters]
    for base in filter(is_ours, holders):
        function = function_of(base, name)
        if [*inspect.signature(function).parameters] != parameters:
            break  # what it says is not about the override
        if function.__doc__:
            return base
    return holders[0]


def checked() -> dict[str, str]:
    """Where the docstring of each public object is, by its dotted name; each docstring once."""
    found: dict[str, str] = {}
    for dotted, value in public_names():
        found[dotted] = dotted
        for name in public_members(value) if inspect.isclass(value) else ():
            base = documented_in(value, name)
            found[f"{dotted}.{name}"] = f"{base.__module__}.{base.__qualname__}.{name}"
    first = {place: dotted for dotted, place in reversed(found.items())}
    return {dotted: place for dotted, place in found.items() if first[place] == dotted}


def wants_examples(dotted: str) -> bool:
    """Whether a public object must have an example: no method, and no data set."""
    return dotted in NAMES and not is_data_set(NAMES[dotted])


def faults(dotted: str, place: Any) -> list[str]:
    """What numpydoc finds at a place, or in an object, and is not ignored."""
    ignored = IGNORED
    if is_data_set(NAMES.get(dotted)):
        ignored = ignored | IGNORED_OF_DATA_SETS
    if not wants_examples(dotted):
        ignored = ignored | {"EX01"}
    result = validate(place if isinstance(place, str) else get_doc_object(place))
    return [f"{code} {text}" for code, text in result["errors"] if code not in ignored]


NAMES = dict(public_names())
CHECKED = checked()


@pytest.mark.parametrize("dotted", CHECKED)
@pytest.mark.filterwarnings("error")  # numpydoc warns of underlines that are too short
def test_docstring(dotted):
    assert faults(dotted, CHECKED[dotted]) == [], CHECKED[dotted]


@pytest.mark.parametrize("dotted", [*filter(wants_examples, NAMES)])
def test_example_runs_something(dotted):
    assert ">>> " in NAMES[dotted].__doc__.partition("Examples\n")[2]


def test_none_is_lost():
    for dotted in [
        "sklearn_ecgssl.ECGFilter.transform",  # of a base class
        "sklearn_ecgssl.ECGClassifier.from_pretrained",  # a class method
        "sklearn_ecgssl.SegmentVotingClassifier.predict_proba",  # there with some classifiers alone
        "sklearn_ecgssl.evaluation.opposite_halves",  # of a folder alone
    ]:
        assert dotted in CHECKED
    assert "sklearn_ecgssl.SSLEmbedder.fit_transform" not in CHECKED  # scikit-learn's


def test_ignored_is_needed():
    found = {code for place in CHECKED.values() for code, _ in validate(place)["errors"]}
    assert found >= IGNORED


def count_windows(n_times, step):
    """Count windows

    Parameters
    ----------
    n_times : int
        Samples of the recording.
    """
    return n_times // step


def test_faults_are_found():
    codes = [fault.split()[0] for fault in faults("count_windows", count_windows)]
    assert codes == ["SS03", "PR01", "RT01"]


class Base:
    def windows(self, n_times):
        """Documented."""

    def leads(self, n_times):
        """Documented."""


class Derived(Base):
    def windows(self, n_times):
        pass

    def leads(self, n_times, names):
        pass


def test_override_has_the_docstring_of_its_base_where_it_is_about_it():
    assert documented_in(Derived, "windows") is Base
    assert documented_in(Derived, "leads") is Derived
    assert faults("Derived.leads", Derived.leads) == ["GL08 The object does not have a docstring"]
