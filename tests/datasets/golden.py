"""What each tiny data set gives, recorded in ``golden/*.json``.

``python -m tests.datasets.golden [NAME ...]`` records them again, with the package of today: after
a change of a writer, or of a value that was wrong. Look at the difference.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tests.datasets.sets import TINY

FOLDER = Path(__file__).with_name("golden")
#: Data sets, and what is loaded of them beside what their tests load by default.
CASES: dict[str, dict[str, Any]] = {
    "amigos": {"leads": ["left", "right"]},
    "amigos-raw": {"leads": ["1", "2"], "attribute": "valence"},
    "ascertain": {"leads": ["1", "2"], "attribute": "arousal"},
    "dreamer": {"leads": ["1", "2"], "binarize": "mean"},
    "pspm": {},
    "swell": {"leads": ["ECG", "ECG raw"]},
    "wesad": {},
    "drivedb": {},
    "ecgiddb": {"leads": ["ECG I", "ECG I filtered"]},
    "eegmat": {},
    "mitdb": {},
    "qtdb": {},
    "physionet": {"subjects": ["a", "deep/c.edf"]},
    "recordings": {},
}


def load(name: str) -> dict[str, Any]:
    """Write a tiny data set, load it by its public function, and sum up what is there."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*left out")
        TINY[name].write(Path(folder))
        return summary(TINY[name].load(folder, **CASES[name]))


def summary(data: Any) -> dict[str, Any]:
    """Sum up a Bunch in what JSON can hold; seven digits of what is compared within 1e-5."""
    rounded = {
        "mean": [one.mean(dtype=float) for one in data.recordings],
        "std": [one.std(dtype=float) for one in data.recordings],
        "first": [one[0] for one in data.recordings],
        "last": [one[-1] for one in data.recordings],
    }
    return {
        "length": [len(one) for one in data.recordings],
        **{name: [float(f"{x:.7g}") for x in values] for name, values in rounded.items()},
        "subject": data.subject.tolist(),
        "target": data.target.tolist() if np.ndim(data.target) == 1 else None,
        "target_names": data.target_names,
        "threshold": data.get("threshold"),
        "sampling_rate": np.asarray(data.sampling_rate).tolist(),
        "unit": data.unit,
        "fields": {name: values.tolist() for name, values in data.fields.items()},
        "left_out": [list(one) for one in data.get("left_out", [])],
    }


def record(name: str) -> None:
    """Write the file of a data set, a line for each key."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in load(name).items()]
    text = ",\n".join(lines)
    (FOLDER / f"{name}.json").write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        record(name)
