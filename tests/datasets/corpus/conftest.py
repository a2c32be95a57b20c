"""A small study, and who of it is read."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets import make_cohort, save_recordings
from sklearn_ecgssl.datasets.corpus import _person


@pytest.fixture
def folder(tmp_path):
    """A recordings file each for two people: rest and stress of 20 to 30 s at 500 Hz."""
    cohort = make_cohort(n_subjects=2, duration=(20, 30), sampling_rate=500, random_state=0)
    folder = tmp_path / "study"
    folder.mkdir()
    for person in (0, 1):
        mine = np.flatnonzero(cohort.subject == person)
        save_recordings(
            folder / f"p{person}.npz",
            [cohort.recordings[i] for i in mine],
            500,
            [f"p{person}"] * 2,
            target=cohort.target[mine],
            target_names=cohort.target_names,
            record=[f"p{person}/{cohort.target_names[i]}" for i in cohort.target[mine]],
            fields={"age": [30 + person] * 2, "sex": ["f", "m"]},
        )
    return folder


@pytest.fixture
def reads(monkeypatch):
    """Names of the people who are read, as they are read."""
    met = []
    original = _person.read_person

    def read(data_set, subject, leads, go_on):
        met.append(subject)
        return original(data_set, subject, leads, go_on)

    monkeypatch.setattr(_person, "read_person", read)
    return met
