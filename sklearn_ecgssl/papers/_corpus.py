"""The windows of all data sets that a paper uses, in one order."""

from collections.abc import Mapping

import numpy as np
from sklearn.utils import Bunch


class Corpus:
    """Windowed recordings of several data sets, one after another.

    Parameters
    ----------
    data_sets : mapping of str to Bunch
        Windowed recordings, as `PaperPreset.load` returns them.

    Attributes
    ----------
    recordings : list of ndarray of shape (n_windows, n_times)
        The windows of each recording; not copied.
    data_set : ndarray of str of shape (n_recordings,)
        Where each recording is from.
    subject : ndarray of str of shape (n_recordings,)
        The person, as "wesad/S2".
    """

    def __init__(self, data_sets: Mapping[str, Bunch]) -> None:
        self.recordings = [one for data in data_sets.values() for one in data.recordings]
        self.data_set = np.array([n for n, data in data_sets.items() for _ in data.recordings])
        self.subject = np.array(
            [f"{n}/{one}" for n, data in data_sets.items() for one in data.subject]
        )
        self._keys = [(n, *key) for n, data in data_sets.items() for key in _keys(data)]

    def target(self, data_set: str, labelled: Bunch) -> tuple[np.ndarray, np.ndarray]:
        """Put the target of one data set in the order of all recordings.

        Parameters
        ----------
        data_set : str
            Which.
        labelled : Bunch
            Its recordings that have a target.

        Returns
        -------
        target : ndarray of int of shape (n_recordings,)
            Classes. Where there is none, the first class stands, for nobody to look at.
        has_target : ndarray of bool of shape (n_recordings,)
            Where there is one.
        """
        codes = dict(zip(_keys(labelled), labelled.target.tolist(), strict=True))
        found = [codes.get(key[1:]) if key[0] == data_set else None for key in self._keys]
        has_target = np.array([code is not None for code in found])
        first = int(labelled.target.min())
        return np.array([first if code is None else code for code in found]), has_target


def _keys(data: Bunch) -> list[tuple[str, str, str]]:
    columns = (data.subject, data.fields["record"], data.fields["lead"])
    return [tuple(map(str, key)) for key in zip(*columns, strict=True)]  # type: ignore[misc]
