"""A grid search over the classifier alone, with and without a cache, in one process and in two."""

import os
import tempfile
import time
from contextlib import nullcontext

import numpy as np
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import ECGFilter, Segmenter, TrimmedScaler

from .tables import print_table

SETTINGS = {"classify__C": [0.1, 1, 10]}
N_FOLDS = 2


def run(args) -> None:
    cohort = make_cohort(n_subjects=8, duration=(60, 61), random_state=0)
    times = []
    for n_jobs in (1, os.cpu_count()):
        for cached in (False, True):
            seconds = _search(cohort, n_jobs, cached, args.device)
            times.append([f"n_jobs={n_jobs}{', memory' if cached else ''}", seconds])
    rows = [[name, seconds, times[0][1] / seconds] for name, seconds in times]
    fits = f"{len(SETTINGS['classify__C'])} settings, {N_FOLDS} folds"
    print_table([fits, "seconds", "times as fast"], rows)


def _search(cohort, n_jobs: int, cached: bool, device: str) -> float:
    with tempfile.TemporaryDirectory() if cached else nullcontext() as memory:
        pipeline = Pipeline(
            [
                ("filter", ECGFilter(256)),
                ("scale", TrimmedScaler()),
                ("segment", Segmenter(256)),
                ("embed", SSLEmbedder(_pretrainer(device))),
                ("classify", SVC()),
            ],
            memory=memory,
        )
        search = GridSearchCV(
            pipeline, SETTINGS, cv=GroupKFold(N_FOLDS), n_jobs=n_jobs, refit=False
        )
        start = time.perf_counter()
        search.fit(cohort.recordings, cohort.target, groups=np.asarray(cohort.subject))
        return time.perf_counter() - start


def _pretrainer(device: str) -> PretextPretrainer:
    return PretextPretrainer(max_epochs=2, batch_size=32, device=device, random_state=0)
