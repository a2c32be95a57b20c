"""The code of the README and of ARCHITECTURE.md, as users type it."""

from collections import Counter

import numpy as np
import pytest
from joblib import Memory
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LeaveOneGroupOut,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from sklearn_ecgssl import (
    DenseClassifier,
    ECGFilter,
    MaskedPretrainer,
    PretextPretrainer,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
)
from tests.checkout import checkout
from tests.tiny import tiny_masked, tiny_pretrainer


@pytest.fixture(scope="module", params=["ragged list", "array"])
def recordings(request, cohort):
    """The first half of each: a window of 10 s, or two of 5 s."""
    halves = [r[: len(r) // 2] for r in cohort.recordings]
    assert len({len(r) for r in halves}) > 1
    return halves if request.param == "ragged list" else np.stack([r[: 10 * 256] for r in halves])


@pytest.fixture
def pipe():
    return Pipeline(
        [
            ("filter", ECGFilter(sampling_rate=256)),
            ("scale", TrimmedScaler()),
            ("segment", Segmenter(sampling_rate=256, window_length=10)),
            ("embed", SSLEmbedder(PretextPretrainer(max_epochs=1, random_state=0))),
            ("classify", SVC()),
        ]
    )


@pytest.fixture
def small_pipe(pipe):
    """The same pipeline with a network that trains in a moment."""
    small = {"filters": (4, 4, 6), "head_hidden": (8,)}
    return pipe.set_params(**{f"embed__pretrainer__{k}": v for k, v in small.items()})


@pytest.fixture(params=["recognition", "masked"])
def either_pipe(request, small_pipe):
    """To swap the pretrainer is all that a user changes; short windows, for speed."""
    if request.param == "masked":
        pretrainer = tiny_masked(max_epochs=1, n_layers=1)
        small_pipe.set_params(embed__pretrainer=pretrainer, segment__window_length=1)
    return small_pipe


def test_contract_verbatim(pipe, cohort):
    recordings = [r[: len(r) // 2] for r in cohort.recordings[:4]]  # a window each, for speed
    target, subject = cohort.target[:4], cohort.subject[:4]  # of two people
    scores = cross_val_score(pipe, recordings, target, groups=subject, cv=LeaveOneGroupOut())
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


def blocks_of_the_readme():
    """The six lines, and the comparison that follows them."""
    readme = checkout().joinpath("README.md").read_text("utf-8")
    return [part.split("```")[0] for part in readme.split("```python\n")[1:]]


@pytest.fixture
def names(cohort):
    """What the six lines are given."""
    given = {name: cohort[name] for name in ("recordings", "target", "subject")}
    return given | {"rate": cohort.sampling_rate}


def test_six_lines_of_the_readme_and_their_comparison(names, capsys):
    six_lines, comparison = blocks_of_the_readme()
    exec(six_lines, names)
    assert capsys.readouterr().out.startswith("[")
    exec(comparison, names)
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("rhythm-open", "heart rate", "AUC within a person"))


def test_own_encoder_of_the_readme(names, capsys):
    six_lines, _ = blocks_of_the_readme()
    shipped, own = '"rhythm-open", layer="scores"', "tiny_pretrainer()"
    assert shipped in six_lines
    exec(six_lines.replace(shipped, own), names | {"tiny_pretrainer": tiny_pretrainer})
    assert capsys.readouterr().out.startswith("[")


def test_grid_of_the_contract(small_pipe, recordings, cohort):
    search = GridSearchCV(
        small_pipe,
        {
            "embed__pretrainer__noise__snr_db": [5, 15, 25],
            "segment__window_length": [5, 10],
            "classify": [SVC(), DenseClassifier(max_epochs=2, random_state=0)],
        },
        cv=KFold(2),
        error_score="raise",
    ).fit(recordings, cohort.target)
    assert len(search.cv_results_["params"]) == 12
    assert search.predict(recordings).shape == (6,)
    fitted = search.best_estimator_.named_steps["embed"].pretrainer_
    best = search.best_params_
    assert dict(fitted.transforms_)["noise"].snr_db == best["embed__pretrainer__noise__snr_db"]
    assert fitted.n_features_in_ == 256 * best["segment__window_length"]


def test_any_scorer(either_pipe, recordings, cohort):
    scores = cross_validate(
        either_pipe,
        recordings,
        cohort.target,
        groups=cohort.subject,
        cv=LeaveOneGroupOut(),
        scoring=["accuracy", "roc_auc", "balanced_accuracy"],
        error_score="raise",
    )
    for scorer in ("accuracy", "roc_auc", "balanced_accuracy"):
        assert scores[f"test_{scorer}"].shape == (3,)
        assert np.isfinite(scores[f"test_{scorer}"]).all()


@pytest.mark.slow
def test_two_processes_predict_what_one_does(either_pipe, recordings, cohort):
    one, two = (
        cross_val_predict(
            either_pipe,
            recordings,
            cohort.target,
            groups=cohort.subject,
            cv=LeaveOneGroupOut(),
            method="decision_function",
            n_jobs=n_jobs,
        )
        for n_jobs in (1, 2)
    )
    assert one.shape == cohort.target.shape
    # To the bit with the same number of threads; a worker process has fewer.
    np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-3)


@pytest.fixture
def fits(monkeypatch):
    """How often each of some classes is fitted."""
    counts = Counter()

    def count(kind):
        fit = kind.fit

        def counting_fit(self, *args, **kwargs):
            counts[kind] += 1
            return fit(self, *args, **kwargs)

        monkeypatch.setattr(kind, "fit", counting_fit)

    for kind in (ECGFilter, Segmenter, PretextPretrainer, MaskedPretrainer):
        count(kind)
    return counts


def test_memory_fits_each_step_once_a_fold_and_setting(
    either_pipe, recordings, cohort, tmp_path, fits
):
    pretrainer = type(either_pipe.named_steps["embed"].pretrainer)
    either_pipe.set_params(memory=Memory(tmp_path, verbose=0))
    grid = {"embed__pretrainer__l2": [0.0, 0.1], "classify__C": [0.1, 1, 10]}
    search = GridSearchCV(either_pipe, grid, cv=KFold(2), refit=False)
    search.fit(recordings, cohort.target)
    assert fits == {ECGFilter: 2, Segmenter: 2, pretrainer: 4}
    clone(search).fit(recordings, cohort.target)
    assert fits == {ECGFilter: 2, Segmenter: 2, pretrainer: 4}, "a second search finds them all"


def test_pipeline_can_give_dataframes(either_pipe, recordings, cohort):
    features = (
        either_pipe[:-1].set_output(transform="pandas").fit_transform(recordings, cohort.target)
    )
    assert list(features.columns) == [f"sslembedder{i}" for i in range(6)]
    assert len(features) == len(cohort.target)
