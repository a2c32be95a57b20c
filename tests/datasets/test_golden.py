"""Every data set gives what it gave before."""

import json

import numpy as np
import pytest

from tests.datasets import golden
from tests.datasets.sets import TINY


@pytest.mark.parametrize("name", golden.CASES)
def test_as_recorded(name):
    found = golden.load(name)
    expected = json.loads((golden.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        if key in ("mean", "std", "first", "last"):
            np.testing.assert_allclose(found[key], values, rtol=1e-5, atol=1e-7, err_msg=key)
        else:
            np.testing.assert_equal(found[key], values, key)


def test_every_data_set_is_recorded():
    assert set(golden.CASES) == set(TINY) - {"own"}
    assert {path.stem for path in golden.FOLDER.iterdir()} == set(golden.CASES)
