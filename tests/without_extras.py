"""Plugin of pytest for where not every extra is installed: ``pytest -p tests.without_extras``.

An example in a docstring that wants what only an extra brings is then skipped. Tests say themselves
what they need; in an example that would teach nobody anything. This is no ``conftest.py``, since
those of ``tests/`` do not reach an installed package.
"""

import importlib.metadata
import re
from doctest import UnexpectedException
from importlib.util import find_spec

import pytest


def of_extras() -> set[str]:
    """Libraries that the package's extras bring, all of which are imported by their names."""
    lines = importlib.metadata.requires("sklearn_ecgssl") or []
    return {re.match(r"[\w.-]+", line)[0] for line in lines if "extra ==" in line}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    """Skip an example that fails because such a library is not installed."""
    try:
        return (yield)
    except UnexpectedException as failed:
        error = failed.exc_info[1]
        while error is not None:
            name = (getattr(error, "name", None) or "").partition(".")[0]
            if name in of_extras() and find_spec(name) is None:
                pytest.skip(f"could not import {name!r}, which comes with an extra")
            error = error.__cause__
        raise
