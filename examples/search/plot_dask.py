"""
Cross-validation on a Dask cluster
==================================

Whatever scikit-learn or this package shares out among processes goes to a cluster instead, inside
``parallel_config(backend="dask")``. Here the cluster is two processes of this machine; with
``Client("scheduler:8786")``, or dask-jobqueue's ``SLURMCluster`` in the place of ``LocalCluster``,
it is a real one, and nothing else changes. It runs on a **simulated** cohort.
"""

# %%

import time
from importlib import import_module

import matplotlib.pyplot as plt
import numpy as np
from joblib import cpu_count, parallel_config
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    make_cohort,
)
from sklearn_ecgssl.evaluation import linear_classifier


def search(cohort):
    """Search a small grid: how strong the noise is that is to be recognised."""
    pretrainer = PretextPretrainer(
        filters=(8, 16), kernel_sizes=(16, 8), max_epochs=2, random_state=0
    )
    pipe = make_pipeline(
        ECGFilter(), TrimmedScaler(), Segmenter(), SSLEmbedder(pretrainer), linear_classifier()
    )
    grid = {"sslembedder__pretrainer__noise__snr_db": [5, 15, 25]}
    found = GridSearchCV(pipe, grid, cv=GroupKFold(3), refit=False)
    begin = time.perf_counter()
    found.fit(cohort.recordings, cohort.target, groups=cohort.subject)
    return found.cv_results_["mean_test_score"], time.perf_counter() - begin


# %%
# **The cluster.** Workers are processes that import this file, so what starts them stands behind
# ``__name__``. Each has one thread, since torch would use all cores in each of them.

if __name__ == "__main__":
    from distributed import Client, LocalCluster

    cohort = make_cohort(n_subjects=6, duration=60, random_state=0)
    scores, seconds = {}, {}
    scores["this process"], seconds["this process"] = search(cohort)

    n_workers = min(4, cpu_count())
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1) as cluster,
        Client(cluster) as client,
    ):
        print(f"dashboard: {cluster.dashboard_link}")
        client.run(import_module, "sklearn_ecgssl.pretext")  # workers live longer than one search
        name = f"Dask, {n_workers} workers"
        with parallel_config(backend="dask"):
            scores[name], seconds[name] = search(cohort)

    # %%
    # The scores are the same, whoever has computed them.

    assert np.array_equal(*scores.values())
    for name, duration in seconds.items():
        print(f"{name}: 9 pretrainings in {duration:.1f} s")

    # %%
    # How much is gained depends on how long a pretraining takes, beside sending the recordings to
    # the workers, and on cores that do nothing else.

    figure, axes = plt.subplots(figsize=(6, 2), layout="constrained")
    bars = axes.barh([*seconds], [*seconds.values()])
    axes.bar_label(bars, fmt="%.1f s", padding=4)
    axes.set(xlabel="duration of the search, s", xlim=(0, 1.2 * max(seconds.values())))
    axes.set_title("A grid search over a transformation's strength")
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()
