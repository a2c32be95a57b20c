"""Comparisons on a real Dask cluster of two processes, and windows in arrays of Dask."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.evaluation import compare_protocols
from sklearn_ecgssl.features import embed_blocks
from sklearn_ecgssl.signal import Segmenter
from tests.tiny import each_pretrainer, ecg_like, tiny_embedder, waves

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

X, Y = waves(48)


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.mark.slow
def test_workers_give_the_same_scores(client):
    def n_events():
        return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.transition_log))

    estimators = {"one": make_pipeline(tiny_embedder(), LogisticRegression())}
    how = {"segmenter": Segmenter(64, 1), "protocols": ["subjects"], "n_splits": 2}
    before, found = n_events(), []
    for backend in ("sequential", "dask"):
        with parallel_config(backend=backend):
            found.append(compare_protocols(estimators, *ecg_like(8), **how).predictions)
    assert found[0].equals(found[1])
    assert n_events() > before


def test_features_of_an_array_of_dask():
    embedder, windows = tiny_embedder().fit(X), da.from_array(X, chunks=(10, 64))
    expected = embedder.transform(X)
    lazy = windows.map_blocks(
        embedder.transform, dtype=np.float32, chunks=(windows.chunks[0], expected.shape[1])
    )
    in_blocks = embed_blocks(embedder, windows, block_size=20)
    for found in (in_blocks, embedder.transform(windows), lazy):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@each_pretrainer
@pytest.mark.filterwarnings("ignore:X lies in chunks")
def test_a_pretrainer_reads_an_array_of_dask(tiny):
    windows = da.from_array(X, chunks=(10, 64))
    fits = [tiny(max_epochs=1).fit(given) for given in (windows, X)]
    np.testing.assert_equal(fits[0].state_, fits[1].state_)
