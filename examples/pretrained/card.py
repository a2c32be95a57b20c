"""The model card of an encoder: what it learnt from, how well, and what it is not for."""

from typing import Any

import numpy as np
from corpus import sets_of, windows_per_person

from sklearn_ecgssl.pretext import BasePretrainer

#: Full names of licences, and where they are.
LICENCES = {
    "ODC-By 1.0": (
        "Open Data Commons Attribution License v1.0",
        "https://opendatacommons.org/licenses/by/1-0/",
    ),
}
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
- Not for other people and recorders before you have scored it on people like yours. Most of the
  windows are of patients with heart disease, from ambulatory (Holter) recorders (mitdb and most of
  qtdb); the others were recorded at rest. All are from wet electrodes: dry ones and wearables are
  not in it. Leads differ, and of many records are not known. Age, sex and origin of many people are
  not known; of those whose age is, 15 are under 18. Windows with artefacts were not taken out.
"""
#: Tasks that are no better than a constant answer by this are not learnt.
LEARNT = 0.01


def model_card(
    encoder: BasePretrainer,
    manifest: dict,
    config: dict,
    *,
    n_bytes: int,
    held_out: dict[str, dict[str, float]],
    untrained: dict[str, float],
    downstream: str,
) -> str:
    """Write the card, in Markdown."""
    recipe = manifest["recipe"]
    preparation = config["preparation"][recipe["method"]]
    sections = [
        f"# {manifest['name']}",
        _introduction(encoder, manifest, preparation),
        "## Data",
        _data(config, recipe, manifest),
        "## Training",
        _training(encoder, manifest, n_bytes),
        "## Scores on the people who were held out",
        _held_out(held_out, untrained, encoder.patience),
        "## Scores downstream",
        downstream.strip(),
        "## What it must not be used for",
        NOT_FOR.strip(),
        "## Licence",
        _licence(config, recipe),
    ]
    return "\n\n".join(sections) + "\n"


def _introduction(encoder: BasePretrainer, manifest: dict, preparation: dict[str, Any]) -> str:
    rate, n_times = preparation["sampling_rate"], encoder.n_features_in_
    band = ", ".join(f"{key}={value}" for key, value in preparation["filter"].items())
    trim = "" if preparation["scale"] == "trimmed" else ", trim=0.0"
    n_weights = sum(array.size for array in encoder.state_.values())
    return f"""\
A frozen encoder of ECG windows, {type(encoder).__name__} of sklearn_ecgssl \
{manifest["made"]["sklearn_ecgssl"]}, trained on openly licensed ECG without labels. \
{n_weights:,} weights, {encoder.n_features_encoded()} features a window.

```python
SSLEmbedder("{manifest["name"]}"{"" if rate == 256 else f", sampling_rate={rate}"})
```

It takes windows of {n_times} samples: {n_times / rate:g} s at {rate} Hz, after
`ECGFilter({rate}, {band})`, scaled to a standard deviation of 1 for each person
(`scale_subjects(recordings, subject{trim})`, or `TrimmedScaler` for each recording)."""


def amounts_table(config: dict, recipe: dict, amounts: dict) -> str:
    """Write a table of the people and windows of each set, in Markdown."""
    length = config["corpus"]["window_length"]
    rows = [(one["title"], [amounts[one["name"]]]) for one in sets_of(config, recipe)]
    return "\n".join(
        [
            "| data set | people, windows, hours learnt from | held out |",
            "| --- | --- | --- |",
            *(
                f"| {title} | {_amount(some, 'learnt', length)} "
                f"| {_amount(some, 'held_out', length)} |"
                for title, some in [*rows, ("all", list(amounts.values()))]
            ),
        ]
    )


def _amount(amounts: list[dict], kind: str, window_length: float) -> str:
    n_people, n_windows = (sum(one[kind][of] for one in amounts) for of in ("people", "windows"))
    return f"{n_people}, {n_windows:,}, {n_windows * window_length / 3600:.1f} h"


def _data(config: dict, recipe: dict, manifest: dict) -> str:
    sets = sets_of(config, recipe)
    attribution = [
        f"- [{one['title']}](https://physionet.org/content/{one['physionet']}/), "
        f"{one['licence']}: {one['cite']}"
        for one in sets
    ]
    read = ["- {}, {}: `{}`".format(one["title"], *manifest["read"][one["name"]]) for one in sets]
    return "\n".join(
        [
            f"At most {windows_per_person(config, recipe)} windows of a person, spread evenly over "
            "what there is.\n",
            amounts_table(config, recipe, manifest["sets"]),
            "\nNobody stands on both sides: a person is held out of everything or of nothing. "
            "Attribution:\n",
            *attribution,
            f"- PhysioNet: {PHYSIONET}",
            "\nSHA-256 of what was read:\n",
            *read,
        ]
    )


def _training(encoder: BasePretrainer, manifest: dict, n_bytes: int) -> str:
    made, parameters = manifest["made"], manifest["recipe"]["parameters"]
    settings = ", ".join(f"{key}={value!r}" for key, value in parameters.items())
    losses = [row["valid_loss"] for row in encoder.history_]
    kept = len(losses) if encoder.patience is None else 1 + int(np.argmin(losses))
    threads = "1 thread" if made["n_threads"] == 1 else f"{made['n_threads']} threads"
    return f"""\
`{type(encoder).__name__}({settings})`, other parameters as they are by default, \
{encoder.n_epochs_} epochs. The loss on held-out people after each: \
{", ".join(f"{loss:.3f}" for loss in losses)}. \
The weights are those after epoch {kept}, rounded to bfloat16 for shipping ({n_bytes:,} bytes).

Trained with sklearn_ecgssl {made["sklearn_ecgssl"]} and torch {made["torch"]}, done on \
{made["date"]}, by `examples/pretrained/build.py`. It was trained in {made["precision"]} \
({made["device"]}, {threads}) and is shipped with `precision="float32"`, so that its features are \
the same everywhere; the other settings in `config.json` are those of the training."""


def _held_out(
    held_out: dict[str, dict[str, float]], untrained: dict[str, float], patience: int | None
) -> str:
    rounded, whole = held_out["bfloat16"], held_out["float32"]
    tasks = [task for task in untrained if task != "mean"] if "original" in untrained else []
    constant = 1 - 1 / len(tasks) if tasks else None
    columns = ["score", "as shipped (bfloat16)", "weights in float32", "untrained"]
    columns += ["a constant answer"] if tasks else []
    rows = [f"| {' | '.join(columns)} |", f"| --- |{' --: |' * (len(columns) - 1)}"]
    for score in rounded:
        values = [rounded[score], whole[score], untrained[score], *([constant] if tasks else [])]
        rows.append(f"| {score} | {' | '.join(f'{value:.3f}' for value in values)} |")
    said = ["\nAll in float32 arithmetic."]
    if tasks:
        missed = [f"`{task}`" for task in tasks if rounded[task] < constant + LEARNT]
        said.append("The rows after the first are the accuracies of each task.")
        names = ", ".join(missed) or "none"
        said.append(f"Not learnt, within {LEARNT} of a constant answer or below: {names}.")
    if patience is not None:
        said.append(f"The same people chose the epoch (patience={patience}), which flatters it.")
    return "\n".join([*rows, " ".join(said)])


def _licence(config: dict, recipe: dict) -> str:
    notices = [
        "- Contains information from {}, which is made available under the {} ({}).".format(
            one["title"], *LICENCES[one["licence"]]
        )
        for one in sets_of(config, recipe)
    ]
    own = "The weights: BSD-3-Clause, as the package. Notices of the data, for what you publish:"
    return "\n".join([f"{own}\n", *notices])
