"""A limit on memory inside a test."""

import tracemalloc
from contextlib import contextmanager


@contextmanager
def little_memory(most=2**26):
    """Fail when what happens inside takes more than that at once."""
    tracemalloc.start()
    try:
        yield
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken < most
