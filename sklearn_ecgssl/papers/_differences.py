"""In what an experiment is not the paper's."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator

from ._preset import PaperPreset

#: Parameters that change where and how something is computed, but not what.
_INDIFFERENT = (
    *("device", "precision", "memory", "verbose", "random_state"),
    "checkpoint",
)


def differences(
    preset: PaperPreset,
    known: Mapping[str, Callable[[], PaperPreset]],
    used: Collection[str],
    subjects: Mapping[str, Sequence[str] | None],
    left_out: Mapping[str, Sequence[Any]],
) -> list[str]:
    """List everything in which an experiment is not the paper's.

    Parameters
    ----------
    preset : PaperPreset
        How it is done.
    known : mapping of str to callable
        The presets of the papers.
    used : collection of str
        The data sets that there are.
    subjects : mapping of str to sequence of str
        Data sets of which only some people are used.
    left_out : mapping of str to sequence of LeftOut
        Recordings that each data set lacks.

    Returns
    -------
    list of str
        One sentence each: what the paper does not say first, what was changed, what is missing.
    """
    found = list(preset.choices)
    if preset.name in known:
        found += _changes(preset, known[preset.name]())
    found += [
        f"{name} is not there: nothing was pretrained on it, and nothing of it classified."
        for name in preset.loading
        if name not in used
    ]
    found += [
        f"Only {len(people)} people of {name}: {', '.join(people)}."
        for name, people in subjects.items()
        if people is not None
    ]
    found += [
        f"{_are_left_out(name, len({one[:2] for one in lacking}))}: "
        f"{'; '.join(map(str, lacking[:3]))}{'; ...' if len(lacking) > 3 else ''}."
        for name, lacking in left_out.items()
        if lacking
    ]
    return found


def _are_left_out(name: str, n: int) -> str:
    return f"{n} recording{'s' if n > 1 else ''} of {name} {'are' if n > 1 else 'is'} left out"


def _changes(preset: PaperPreset, paper: PaperPreset) -> list[str]:
    parts: dict[str, tuple[Any, Any]] = {
        "filter": (preset.filter, paper.filter),
        "segmenter": (preset.segmenter, paper.segmenter),
        "pretrainer": (preset.pretrainer, paper.pretrainer),
        **{f"head of {name}": (head, paper.heads.get(name)) for name, head in preset.heads.items()},
    }
    found = [change for name, both in parts.items() for change in _changed(name, *both)]
    for name in ("networks", "scale", "n_splits", "two_encoders", "pretraining_sets", "loading"):
        here, there = getattr(preset, name), getattr(paper, name)
        if here != there:
            found.append(f"{name} is {here!r}; in the paper {there!r}.")
    return found


def _changed(name: str, here: BaseEstimator, there: BaseEstimator | None) -> list[str]:
    if there is None:
        return [f"The {name} is not the paper's."]
    if type(here) is not type(there):
        return [f"The {name} is {type(here).__name__}; in the paper {type(there).__name__}."]
    mine, theirs = _parameters(here), _parameters(there)
    return [
        f"The {name} has {key}={mine.get(key)!r}; in the paper {theirs.get(key)!r}."
        for key in dict.fromkeys([*mine, *theirs])
        if repr(mine.get(key)) != repr(theirs.get(key))
    ]


def _parameters(estimator: BaseEstimator) -> dict[str, Any]:
    """Return parameters that make a difference; of estimators in them the class, then its own."""
    return {
        name: type(value).__name__ if isinstance(value, BaseEstimator) else value
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] not in _INDIFFERENT and name != "transforms"
    }
