"""The model card of an encoder: what it learnt from, how well, and what it is not for."""

from typing import Any

import numpy as np
from corpus import sets_of, sources_of, windows_per_person

from sklearn_ecgssl.pretext import BasePretrainer

#: Full names of licences, and where they are.
LICENCES = {
    "ODC-By 1.0": (
        "Open Data Commons Attribution License v1.0",
        "https://opendatacommons.org/licenses/by/1-0/",
    ),
    "CC BY 4.0": (
        "Creative Commons Attribution 4.0 International Public License",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
}
PHYSIONET = (
    "A. L. Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet, Circulation "
    "101(23):e215-e220, 2000, doi:10.1161/01.CIR.101.23.e215"
)
#: What encoders are not for: of those that learnt from wet electrodes alone, and of the others.
WET = """\
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
RHYTHM = """\
- Not for diagnosis, monitoring or any medical decision, above all not for finding atrial
  fibrillation: it is not a medical device and was never tested as one.
- Not for scores on people of the data sets above (nor of nstdb, and of others that hold their
  recordings): it has seen them. Of the challenge of 2017 that is all but the reserved recordings,
  and people who recorded several times may be among these.
- Not for recognising who somebody is: it was not made for that.
- Not where upright and upside down differ: it was made to say the same of both, so its features do
  not tell which it is, nor on which side an electrode was.
- Not for ECG that is prepared in another way, and not for windows under 5 s or over 60 s.
- Not for other people and recorders before you have scored it on people like yours. Most of its
  people are members of the public with a hand-held device of two dry electrodes; about half of its
  hours are of patients with heart disease, from ambulatory (Holter) recorders with wet electrodes
  (mitdb and most of qtdb). Electrodes that are worn in clothes or on a wrist are not in it, and
  little of people who move but noise of moving electrodes that was added. Leads differ, and of many
  records are not known. Age, sex and origin of most people are not known. Windows with artefacts
  were not taken out.
"""
#: What the encoder of the rhythm takes besides.
RHYTHM_TAKES = """

Any length from 5 to 60 s goes through the same weights; it learnt from windows of 10 s. A recording
may be upside down, as many hand-held ones are: in training, half of the windows were turned over at
random, so that features mean the same either way."""
NOT_FOR = {"recognition": WET, "masked": WET, "rhythm": RHYTHM}
#: Tasks that are no better than a constant answer by this are not learnt.
LEARNT = 0.01
#: Tasks that compare two views, of which a constant answer gets one pair in two right.
COMPARISONS = {
    "tempo": "pairs of views of which the faster one is told",
    "irregularity": "pairs of which the one that is less even from beat to beat is told",
    "variation": "pairs of which the one that varies more over several beats is told",
}


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
        _held_out(encoder, held_out, untrained),
        "## Scores downstream",
        downstream.strip(),
        "## What it must not be used for",
        NOT_FOR[recipe["method"]].strip(),
        "## Licence",
        _licence(config, recipe),
    ]
    return "\n\n".join(sections) + "\n"


def _introduction(encoder: BasePretrainer, manifest: dict, preparation: dict[str, Any]) -> str:
    rate, n_times = preparation["sampling_rate"], encoder.n_features_in_
    band = ", ".join(f"{key}={value}" for key, value in preparation["filter"].items())
    trim = "" if preparation["scale"] == "trimmed" else ", trim=0.0"
    n_weights = sum(array.size for array in encoder.state_.values())
    length = f"{n_times} samples: {n_times / rate:g} s at {rate} Hz"
    more = ""
    if manifest["recipe"]["method"] == "rhythm":
        length = f"{n_times // 2} to {6 * n_times} samples: 5 to 60 s at {rate} Hz"
        more = RHYTHM_TAKES
    return f"""\
A frozen encoder of ECG windows, {type(encoder).__name__} of sklearn_ecgssl \
{manifest["made"]["sklearn_ecgssl"]}, trained on openly licensed ECG without labels. \
{n_weights:,} weights, {encoder.n_features_encoded()} features a window.

```python
SSLEmbedder("{manifest["name"]}"{"" if rate == 256 else f", sampling_rate={rate}"})
```

It takes windows of {length}, after
`ECGFilter({rate}, {band})`, scaled to a standard deviation of 1 for each person
(`scale_subjects(recordings, subject{trim})`, or `TrimmedScaler` for each recording).{more}"""


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
    sources = sources_of(config, recipe)
    attribution = [
        f"- [{one['title']}](https://physionet.org/content/{one['physionet']}/), "
        f"{one['licence']}: {one['cite']}"
        for one in sources
    ]
    read = [
        "- {}, {}: `{}`".format(one["title"], *manifest["read"][one["name"]]) for one in sources
    ]
    notes = "".join(f"{one['note'].strip()}\n\n" for one in sets if "note" in one)
    return "\n".join(
        [
            f"At most {windows_per_person(config, recipe)} windows of a person, spread evenly over "
            "what there is.\n",
            amounts_table(config, recipe, manifest["sets"]),
            f"\n{notes}{'Of the other sets, nobody' if notes else 'Nobody'} stands on both sides: "
            "a person is held out of everything or of nothing. Attribution:\n",
            *attribution,
            f"- PhysioNet: {PHYSIONET}",
            "\nSHA-256 of what was read:\n",
            *read,
        ]
    )


def _training(encoder: BasePretrainer, manifest: dict, n_bytes: int) -> str:
    made, recipe = manifest["made"], manifest["recipe"]
    settings = ", ".join(f"{key}={value!r}" for key, value in recipe["parameters"].items())
    made_by, others = f"{type(encoder).__name__}({settings})", "as they are by default"
    if recipe["method"] == "rhythm":
        made_by = f'{type(encoder).__name__}.from_preset("rhythm", {settings})'
        others = "as the preset has them"
    noise = " Recorded noise was added to the windows." if recipe.get("noise") else ""
    losses = [row["valid_loss"] for row in encoder.history_]
    threads = "1 thread" if made["n_threads"] == 1 else f"{made['n_threads']} threads"
    return f"""\
`{made_by}`, other parameters {others}, \
{encoder.n_epochs_} epochs.{noise} The loss on held-out people after each: \
{", ".join(f"{loss:.3f}" for loss in losses)}. \
The weights are those after epoch {_epoch_kept(encoder)}, rounded to bfloat16 for shipping \
({n_bytes:,} bytes).

Trained with sklearn_ecgssl {made["sklearn_ecgssl"]} and torch {made["torch"]}, done on \
{made["date"]}, by `examples/pretrained/build.py`. It was trained in {made["precision"]} \
({made["device"]}, {threads}) and is shipped with `precision="float32"`, so that its features are \
the same everywhere; the other settings in `config.json` are those of the training."""


def _held_out(
    encoder: BasePretrainer, held_out: dict[str, dict[str, float]], untrained: dict[str, float]
) -> str:
    rounded, whole = held_out["bfloat16"], held_out["float32"]
    constant = _constant_answers(encoder)
    columns = ["score", "as shipped (bfloat16)", "weights in float32", "untrained"]
    columns += ["a constant answer"] if constant else []
    rows = [f"| {' | '.join(columns)} |", f"| --- |{' --: |' * (len(columns) - 1)}"]
    for score in rounded:
        values = [rounded[score], whole[score], untrained[score]]
        values += [constant[score]] if constant else []
        rows.append(f"| {score} | {' | '.join(f'{value:.3f}' for value in values)} |")
    said = ["\nAll in float32 arithmetic."]
    if tasks := [task for task in constant if task != "mean"]:
        said.append("The rows after the first are the accuracies of each task.")
        said += [f"`{task}`: {COMPARISONS[task]}." for task in tasks if task in COMPARISONS]
        if "tempo" in tasks:
            error = encoder.history_[_epoch_kept(encoder) - 1]["valid_tempo_error"]
            constant_error = 2 / 3 * np.log(encoder.get_params()["tempo__stretch"])
            said.append(
                "In training, the mean absolute error of the logarithm of the ratio of the speeds "
                f"was {error:.3f} on them; that of a constant answer is {constant_error:.3f}."
            )
        missed = [f"`{task}`" for task in tasks if rounded[task] < constant[task] + LEARNT]
        names = ", ".join(missed) or "none"
        said.append(f"Not learnt, within {LEARNT} of a constant answer or below: {names}.")
    if encoder.patience is not None:
        said.append(
            f"The same people chose the epoch (patience={encoder.patience}), which flatters it."
        )
    return "\n".join([*rows, " ".join(said)])


def _constant_answers(encoder: BasePretrainer) -> dict[str, float]:
    """Compute the accuracies of an answer that is always the same, if there are tasks."""
    tasks = getattr(encoder, "task_names_", [])
    recognised = [task for task in tasks if task not in COMPARISONS]
    accuracy = {task: 0.5 if task in COMPARISONS else 1 - 1 / len(recognised) for task in tasks}
    return {"mean": float(np.mean(list(accuracy.values()))), **accuracy} if tasks else {}


def _epoch_kept(encoder: BasePretrainer) -> int:
    losses = [row["valid_loss"] for row in encoder.history_]
    return len(losses) if encoder.patience is None else 1 + int(np.argmin(losses))


def _licence(config: dict, recipe: dict) -> str:
    notices = [
        "- Contains information from {}, which is made available under the {} ({}).".format(
            one["title"], *LICENCES[one["licence"]]
        )
        for one in sources_of(config, recipe)
    ]
    if any(one["licence"].startswith("CC BY") for one in sources_of(config, recipe)):
        notices.append("- Of all of it, recordings were resampled, filtered and cut into windows.")
    own = "The weights: BSD-3-Clause, as the package. Notices of the data, for what you publish:"
    return "\n".join([f"{own}\n", *notices])
