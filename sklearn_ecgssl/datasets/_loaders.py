"""``load_*`` and ``fetch_*`` functions, made from data sets."""

import inspect
import re
import sys
from collections.abc import Callable
from textwrap import fill, indent
from typing import Any

from ._data_set import DataSet

_TEMPLATE = """\
{verb} {summary}

Parameters
----------
{parameters}
Returns
-------
data : :class:`~sklearn.utils.Bunch`
    With the attributes

    recordings : list of float32 ndarray of shape (n_times,)
        One a person, trial and lead; lengths differ.
    target : ndarray of shape (n_recordings,), DataFrame or None
        {target}
    target_names : list of str or None
        Names of the classes 0, 1, ...; None for numbers.
    threshold : float or None
        Above which a binarized rating is "high".
    subject : ndarray of str of shape (n_recordings,)
        The person: pass it as `groups`.
    sampling_rate : float, or ndarray of shape (n_recordings,)
        In Hz; an array where recordings differ.
    fields : dict of ndarray of shape (n_recordings,)
        "record", "lead" and every label, NaN or "" where one is missing; `DESCR` lists them.
    unit : str
        Of the recordings: "{unit}" where files do not say another, "mixed" if they differ.
    name : str
        "{name}".
    left_out : list of LeftOut
        What should be there and is not: (subject, record, reason). A warning names some.
    DESCR : str
        What was recorded, what the reader rests on and how certain it is, terms of use, citation.

Raises
------
FileNotFoundError
    If there is no file of the data set; says what was looked for and what is there.
{connection}UnreadableFileError
    If a file is damaged, or is not what it should be; says which, and what is wrong with it.
ValueError
    If a parameter has a value that it does not take, or nothing is left to load.

See Also
--------
available : All data sets that the package reads.
prepare : Resample, filter, scale and cut a data set once, and find it again.

Notes
-----
{DESCR}

Examples
--------
>>> from sklearn_ecgssl.datasets import {function}
>>> data = {function}({arguments})  # doctest: +SKIP
"""
_CONNECTION = """\
ConnectionError
    If files lack and the server cannot be reached, or does not give them to everyone.
"""


def loader(name: str, data_set: type[DataSet]) -> Callable[..., Any]:
    """Make the function that loads a data set: its own parameters, then those of all."""
    own = inspect.signature(data_set).parameters
    common = dict(inspect.signature(data_set.load).parameters)
    del common["self"]
    if data_set.attributes:
        default = data_set.default_attribute
        common["attribute"] = common["attribute"].replace(default=default)
    else:
        del common["attribute"], common["binarize"]
    signature = inspect.Signature([*{**own, **common}.values()], return_annotation=Any)

    def load(*args: Any, **options: Any) -> Any:
        signature.bind(*args, **options)  # whose error names the function's own parameters
        where = {key: value for key, value in options.items() if key in own}
        shared = {key: value for key, value in options.items() if key in common}
        return data_set(*args, **where).load(**shared)

    load.__name__ = load.__qualname__ = name
    load.__module__ = sys._getframe(1).f_globals["__name__"]
    load.__signature__ = signature  # type: ignore[attr-defined]
    load.__annotations__ = {}
    load.__doc__ = _docstring(name, data_set, list(signature.parameters))
    return load


def _docstring(function: str, data_set: type[DataSet], parameters: list[str]) -> str:
    """Put what the data set says of itself and what all loaders share together."""
    described = _described(DataSet.load) | _own_parameters(data_set)
    for one in reversed(data_set.__mro__):  # what a class says stands before what its bases say
        described |= _described(one)
    verb = function.split("_")[0]
    docstring = _TEMPLATE.format(
        verb=verb.capitalize(),
        summary=(data_set.__doc__ or "").strip().partition("\n\n")[0],
        parameters="".join(described[name] for name in parameters),
        target="The `attribute`; of a condition, indices into `target_names`."
        if data_set.attributes
        else "None: the set has no labels to predict.",
        connection=_CONNECTION if verb == "fetch" else "",
        unit=data_set.unit,
        name=data_set.name,
        DESCR=data_set.DESCR.strip(),
        function=function,
        arguments={"database": '"nsrdb"', "path": f'"{data_set.name}"'}.get(parameters[0], ""),
    )
    return indent(docstring, "    ").lstrip() + "    "


def _own_parameters(data_set: type[DataSet]) -> dict[str, str]:
    """Describe the leads and attributes of a data set."""
    leads = [f'"{lead}"' for lead in data_set.leads]
    named = f"{', '.join(leads)}. None: {leads[0]}." if leads else "None: the usual one."
    attributes = ", ".join(f'"{one}"' for one in data_set.attributes)
    default = f'"{data_set.default_attribute}"' if data_set.default_attribute else None
    texts = {
        "leads : str or sequence of str, default=None": (
            f"Leads to load, each as a recording of its own: {named}"
        ),
        f"attribute : str or None, default={default}": (
            f"The target: {attributes}. None: all labels, as a DataFrame."
        ),
    }
    return {
        head.split(" : ")[0]: f"{head}\n{indent(fill(text, width=92), '    ')}\n"
        for head, text in texts.items()
    }


def _described(documented: Any) -> dict[str, str]:
    """Return the parameters in a docstring, each with its description, by name."""
    text = inspect.cleandoc(documented.__doc__ or "")
    section = re.search(r"^Parameters\n-+\n(.*?)(?:\n\n|\Z)", text, flags=re.M | re.S)
    entries = re.split(r"^(?=\w+ : )", f"{section[1]}\n", flags=re.M) if section else []
    return {entry.split(" : ")[0]: entry for entry in entries if entry}
