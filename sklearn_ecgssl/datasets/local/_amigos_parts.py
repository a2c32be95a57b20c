"""Parts of the files of AMIGOS."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...formats import UnreadableFileError
from ...formats._matlab import iter_mat
from ._mat_values import as_numbers, as_text, cell_count, check_range

N_TRIALS = 20
#: Columns of `labels_selfassessment`, in its order.
RATINGS = ("arousal", "valence", "dominance", "liking", "familiarity")
EMOTIONS = ("neutral", "disgust", "happiness", "surprise", "anger", "fear", "sadness")

# A few ratings lie a little outside 1 to 9.
_LOWEST, _HIGHEST = 0, 10


class Answers(NamedTuple):
    """What a person answered.

    Attributes
    ----------
    videos : list of str
        ID of the video of each trial, "" where there is none.
    values : ndarray of shape (N_TRIALS, 12)
        Ratings and emotions, NaN where there are none.
    """

    videos: list[str]
    values: np.ndarray


def read_columns(
    path: Path, variable: str, columns: Mapping[str, int], n_columns: int | None
) -> list[dict[str, np.ndarray]]:
    """Read some columns of all trials, one trial in memory at a time.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    variable : str
        Cells of one trial each.
    columns : mapping of str to int
        Names and places of columns.
    n_columns : int or None
        How many there should be; None for as many as are named or more.

    Returns
    -------
    list of dict of str to ndarray of shape (n_times,)
        Columns of each trial; empty ones where there was none.
    """
    trials = []
    for name, value in iter_mat(path, [variable, f"{variable}.*"]):
        if name == variable:
            cell_count(path, name, value, N_TRIALS)
        elif isinstance(value, np.ndarray) and (value.size == 0 or _is_nan(value)):
            trials.append({column: np.zeros(0) for column in columns})
        else:
            numbers = as_numbers(path, name, value, None, n_columns)
            if numbers.shape[1] <= max(columns.values()):
                raise UnreadableFileError(
                    f"{path}: {name} has {numbers.shape[1]} columns, expected were "
                    f"{max(columns.values()) + 1} or more."
                )
            trials.append({column: numbers[:, at].copy() for column, at in columns.items()})
    if not trials:
        cell_count(path, variable, None)
    return trials


def _is_nan(value: np.ndarray) -> bool:
    return value.size == 1 and bool(np.isnan(value).all())


def read_videos(path: Path) -> list[str]:
    """Read the ID of the video of each trial."""
    found = dict(iter_mat(path, ["VideoIDs", "VideoIDs.*"]))
    cell_count(path, "VideoIDs", found.get("VideoIDs"), N_TRIALS)
    videos = [_video(path, f"VideoIDs.{trial}", found) for trial in range(N_TRIALS)]
    known = [video for video in videos if video]
    if len(set(known)) < len(known):
        raise UnreadableFileError(f"{path}: VideoIDs should differ, but are {', '.join(videos)}.")
    return videos


def read_answers(path: Path) -> Answers:
    """Read what a person answered in each trial of a preprocessed file."""
    variable = "labels_selfassessment"
    n_columns = len(RATINGS) + len(EMOTIONS)
    found = dict(iter_mat(path, [variable, f"{variable}.*"]))
    cell_count(path, variable, found.get(variable), N_TRIALS)
    values = np.full((N_TRIALS, n_columns), np.nan)
    for trial in range(N_TRIALS):
        name = f"{variable}.{trial}"
        answers = found[name]
        if isinstance(answers, np.ndarray) and answers.size == 0:
            continue
        values[trial] = as_numbers(path, name, answers, 1, n_columns)[0]
        check_range(path, f"ratings in {name}", values[trial, : len(RATINGS)], _LOWEST, _HIGHEST)
        chosen = values[trial, len(RATINGS) :]
        if not np.isin(chosen[~np.isnan(chosen)], [0, 1]).all():
            raise UnreadableFileError(
                f"{path}: columns 5 to 11 of {name} should be 0 or 1 for each emotion, but are "
                f"{chosen}."
            )
    return Answers(read_videos(path), values)


def _video(path: Path, name: str, found: Mapping[str, object]) -> str:
    """Return an ID, which may be a number."""
    value = found[name]
    if isinstance(value, np.ndarray):
        if value.size == 0:
            return ""
        number = float(as_numbers(path, name, value, 1, 1)[0, 0])
        return f"{number:g}"
    return as_text(path, name, value).strip().strip("'")
