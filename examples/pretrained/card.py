"""The model card of an encoder: what it learnt from, how well, and what it is not for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from corpus import Corpus, sets_of

import sklearn_ecgssl
from sklearn_ecgssl.pretext import BasePretrainer

PHYSIONET = (
    "A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet, Circulation "
    "101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215"
)
NOT_FOR = """\
- Not for diagnosis, monitoring or any medical decision: it is not a medical device and was never
  tested as one.
- Not for scores on people of the data sets above (nor of nstdb, and of others that hold their
  recordings): it has seen them.
- Not for recognising who somebody is. It was not made for that, and what its features tell of a
  person was not measured.
- Not for ECG that is prepared in another way: its features then mean little.
- Most of the windows are of patients with heart disease, recorded at rest or in a clinic with wet
  electrodes, leads I, II, MLII and others. Movement, dry electrodes and wearables are hardly in it,
  children are not; age, sex and origin are not known of all. Score it on people like yours before
  you rely on it.
"""


def model_card(
    encoder: BasePretrainer,
    corpus: Corpus,
    weights: Path,
    *,
    name: str,
    recipe: dict,
    config: dict,
    checksums: dict[str, str],
    held_out: dict[str, dict[str, float]],
    untrained: dict[str, float],
    downstream: str,
) -> str:
    """Write the card, in Markdown."""
    preparation = config["preparation"][recipe["method"]]
    sections = [
        f"# {name}",
        _introduction(name, encoder, preparation),
        "## Data",
        _data(config, recipe, corpus, checksums),
        "## Training",
        _training(encoder, recipe, weights),
        "## Scores on the people who were held out",
        _held_out(held_out, untrained),
        "## Scores downstream",
        downstream.strip(),
        "## What it must not be used for",
        NOT_FOR.strip(),
        "## Licence",
        "The weights: BSD-3-Clause, as the package. The data sets: Open Data Commons Attribution "
        "License v1.0 (ODC-By 1.0); name the sets above where you publish what you made with it.",
    ]
    return "\n\n".join(sections) + "\n"


def _introduction(name: str, encoder: BasePretrainer, preparation: dict[str, Any]) -> str:
    rate, n_times = preparation["sampling_rate"], encoder.n_features_in_
    band = ", ".join(f"{key}={value}" for key, value in preparation["filter"].items())
    trim = "" if preparation["scale"] == "trimmed" else ", trim=0.0"
    n_weights = sum(array.size for array in encoder.state_.values())
    return f"""\
A frozen encoder of ECG windows, {type(encoder).__name__} of sklearn_ecgssl {version()}, trained \
on openly licensed ECG without labels. {n_weights:,} weights, \
{encoder.n_features_encoded()} features a window.

```python
SSLEmbedder("{name}"{"" if rate == 256 else f", sampling_rate={rate}"})
```

It takes windows of {n_times} samples: {n_times / rate:g} s at {rate} Hz, after
`ECGFilter({rate}, {band})`, scaled to a standard deviation of 1 for each person
(`scale_subjects(recordings, subject{trim})`, or `TrimmedScaler` for each recording)."""


def _data(config: dict, recipe: dict, corpus: Corpus, checksums: dict[str, str]) -> str:
    rows = [
        "| data set | people, windows, hours learnt from | held out |",
        "| --- | --- | --- |",
        *(
            f"| {one['title']} | {_amount(one, corpus.learnt_from, config)} "
            f"| {_amount(one, corpus.held_out_of, config)} |"
            for one in sets_of(config, recipe)
        ),
        f"| all | {_amount({'name': ''}, corpus.learnt_from, config)} "
        f"| {_amount({'name': ''}, corpus.held_out_of, config)} |",
    ]
    cited = [f"- {one['cite']}" for one in sets_of(config, recipe)]
    sums = [f"- {one['title']}: `{checksums[one['name']]}`" for one in sets_of(config, recipe)]
    per_person = config["corpus"]["windows_per_person"]
    return "\n".join(
        [
            "All from PhysioNet, under the Open Data Commons Attribution License v1.0. At most "
            f"{per_person} windows of a person, spread evenly over what there is.\n",
            *rows,
            "\nNobody stands on both sides: a person is held out of everything or of nothing. "
            "Attribution:\n",
            *cited,
            f"- {PHYSIONET}",
            "\nSHA-256 of what was read:\n",
            *sums,
        ]
    )


def _amount(one: dict, person: np.ndarray, config: dict) -> str:
    own = person[np.char.startswith(person, f"{one['name']}/" if one["name"] else "")]
    hours = len(own) * config["corpus"]["window_length"] / 3600
    return f"{len(set(own))}, {len(own):,}, {hours:.1f} h"


def _training(encoder: BasePretrainer, recipe: dict, weights: Path) -> str:
    settings = ", ".join(f"{key}={value!r}" for key, value in recipe["parameters"].items())
    losses = ", ".join(f"{row['valid_loss']:.3f}" for row in encoder.history_)
    return f"""\
`{type(encoder).__name__}({settings})`, other parameters as they are by default, \
{encoder.n_epochs_} epochs. The loss on held-out people after each: {losses}. Weights were rounded \
to bfloat16 for shipping ({weights.stat().st_size:,} bytes). \
Made with sklearn_ecgssl {version()} on {datetime.now(UTC):%Y-%m-%d} by \
`examples/pretrained/build.py`; all of the training is in `config.json`."""


def _held_out(held_out: dict[str, dict[str, float]], untrained: dict[str, float]) -> str:
    rows = [
        "| score | as shipped (bfloat16) | in float32 | untrained |",
        "| --- | --: | --: | --: |",
    ]
    rows += [
        f"| {score} | {value:.3f} | {held_out['float32'][score]:.3f} | {untrained[score]:.3f} |"
        for score, value in held_out["bfloat16"].items()
    ]
    if "original" in untrained:
        constant = 1 - 1 / (len(untrained) - 1)
        rows.append(f"\nAccuracies of each task; a constant answer gets {constant:.3f}.")
    return "\n".join(rows)


def version() -> str:
    return sklearn_ecgssl.__version__
