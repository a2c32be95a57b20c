"""The comparison on people at rest and in mental arithmetic."""

import pytest

from sklearn_ecgssl.classify import SubjectScaledClassifier
from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.evaluation import compare_protocols, linear_classifier
from sklearn_ecgssl.features import HRVFeatures
from sklearn_ecgssl.signal import ECGFilter, Resampler


@pytest.mark.real
def test_heart_rate_is_the_baseline_that_it_is_known_to_be(shared_data):
    cohort = load_recordings(
        shared_data / "eegmat_ecg.npz",
        target="condition",
        where={"ecg_ok": True},
        complete_subjects=True,
    )
    recordings = ECGFilter(256).fit_transform(Resampler(500, 256).fit_transform(cohort.recordings))
    results = compare_protocols(
        {"scaled": SubjectScaledClassifier(HRVFeatures(256), linear_classifier())},
        recordings,
        cohort.target,
        cohort.subject,
        protocols="subjects",
        n_splits=4,
    )
    scores = results.table().set_index("estimator")["balanced_accuracy"]
    assert len(results.predictions) == 3 * 757
    assert scores["majority class"] == 0.5
    assert 0.6 < scores["heart rate"] < 0.8, "0.72 when one person is left out at a time"
    assert scores["scaled"] > 0.88, "0.93 when one person is left out at a time"
    assert results.subjects()["subject"].nunique() == 32
