"""For tests that need more than the installed package, which not every place has where they run.

``.ci/test-wheel`` copies ``tests/`` out of the checkout and runs it against the installed wheel.
"""

from pathlib import Path

import pytest

#: The folder that holds ``tests/``.
ROOT = Path(__file__).resolve().parents[1]
#: Whether it is a checkout, or an unpacked sdist, and not a copy of the tests alone.
IN_CHECKOUT = (ROOT / "sklearn_ecgssl").is_dir()


def checkout() -> Path:
    """Root of the checkout around these tests, else skip: the test, or the module that calls it."""
    __tracebackhide__ = True  # the report of skipped tests names the caller
    if not IN_CHECKOUT:
        pytest.skip("needs a checkout around tests/, or an unpacked sdist", allow_module_level=True)
    return ROOT
