"""Scores of scores, beside scikit-learn and by hand. Most are seen through the results, too."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    r2_score,
    roc_auc_score,
)

from sklearn_ecgssl.evaluation import _metrics as metrics, confidence_interval

CLASSES = np.array(["calm", "happy", "tense"])
RANKED = metrics.auc, metrics.average_precision, metrics.best_threshold
pytestmark = pytest.mark.filterwarnings("error")


def one_class(target, scores):
    """Truth and scores of the second of two classes."""
    return np.array(target, dtype=bool)[:, None], np.array(scores, dtype=float)[:, None]


@pytest.fixture(scope="module")
def probabilities():
    """Labels of three classes, and probabilities that know something of them."""
    rng = np.random.default_rng(0)
    target = rng.integers(3, size=60)
    scores = rng.uniform(size=(60, 3)) + 0.3 * np.eye(3)[target]
    return CLASSES[target], scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        (metrics.auc, roc_auc_score),
        (metrics.average_precision, average_precision_score),
        (metrics.brier, brier_score_loss),
    ],
)
def test_of_several_classes_it_is_the_mean_of_each_against_the_rest(
    metric, reference, probabilities
):
    target, scores = probabilities
    each = [reference(target == name, scores[:, i]) for i, name in enumerate(CLASSES)]
    assert metric(metrics.one_against_rest(target, CLASSES), scores) == pytest.approx(np.mean(each))
    second = metrics.one_against_rest(target, CLASSES[:2]), scores[:, 1:2]
    assert metric(*second) == pytest.approx(each[1])


def test_classes_that_are_not_there_are_left_out_and_those_without_scores_are_not(probabilities):
    target, scores = probabilities
    two = target != "tense"
    truth = metrics.one_against_rest(target, CLASSES)
    expected = np.mean([roc_auc_score(target[two] == n, scores[two, i]) for i, n in
                        enumerate(CLASSES[:2])])  # fmt: skip
    assert metrics.auc(truth[two], scores[two]) == pytest.approx(expected)
    lacking = scores * [1, 1, np.nan]
    assert metrics.auc(truth[two], lacking[two]) == pytest.approx(expected)
    for metric in (*RANKED, metrics.brier, metrics.calibration_error):
        assert np.isnan(metric(truth, lacking))
    assert np.isnan(metrics.threshold_spread([(truth, lacking)] * 2))


def test_one_class_has_no_ranking():
    for metric in RANKED:
        assert np.isnan(metric(*one_class([1, 1], [0.2, 0.3])))
        assert np.isnan(metric(*one_class([0, 1], [np.nan, np.nan])))


def test_calibration_error_weights_bins_by_their_windows():
    # .8 to .9: three windows, mean .84, one of them true; .1 to .2: one, .15, none true.
    error = metrics.calibration_error(*one_class([1, 0, 0, 0], [0.82, 0.84, 0.86, 0.15]))
    assert error == pytest.approx(3 / 4 * abs(0.84 - 1 / 3) + 1 / 4 * 0.15)
    # a probability of 1 is in the bin of .95
    both = metrics.calibration_error(*one_class([1, 0], [1, 0.95]))
    assert both == pytest.approx(abs(0.975 - 0.5))
    sure = one_class([1, 1, 0], [1, 1, 0])
    assert metrics.calibration_error(*sure) == metrics.brier(*sure) == 0
    assert metrics.calibration_error(*one_class([0, 0, 1], [1, 1, 0])) == 1


class TestBestThreshold:
    def test_it_is_midway_between_neighbouring_scores(self):
        scored = one_class([0, 0, 1, 0, 1, 1], [-3, -1, 0, 2, 3, 9])
        assert metrics.best_threshold(*scored) == -0.5
        assert metrics.best_balanced_accuracy(*scored) == pytest.approx((2 / 3 + 1) / 2)

    def test_nothing_is_of_the_class_where_that_is_best(self):
        scored = one_class([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9])
        assert metrics.best_balanced_accuracy(*scored) == 0.5
        assert metrics.best_threshold(*scored) > 0.9

    def test_no_other_is_better(self):
        rng = np.random.default_rng(1)
        truth = rng.integers(2, size=40)
        scores = np.round(truth + rng.normal(size=40), 1)  # with ties
        found = metrics.best_threshold(*one_class(truth, scores))
        accuracies = [balanced_accuracy_score(truth, scores > cut) for cut in
                      np.arange(-4, 5, 0.05)]  # fmt: skip
        assert balanced_accuracy_score(truth, scores > found) == pytest.approx(max(accuracies))
        best = metrics.best_balanced_accuracy(*one_class(truth, scores))
        assert best == pytest.approx(max(accuracies))

    def test_scores_that_say_nothing_are_at_chance(self):
        for scores in ([0.3] * 4, [4, 3, 2, 1]):
            scored = one_class([0, 0, 1, 1], scores)
            assert metrics.best_balanced_accuracy(*scored) == 0.5
            assert np.isfinite(metrics.best_threshold(*scored))


class TestThresholdSpread:
    def test_people_who_differ_as_much_as_the_classes_do(self):
        # Classes 2 apart, thresholds at 1, 3 and 5: a standard deviation of 2.
        people = [one_class([0, 0, 1], [level, level, level + 2]) for level in (0, 2, 4)]
        assert metrics.threshold_spread(people) == pytest.approx(1)
        assert metrics.threshold_spread(people[:1] * 3) == 0

    def test_it_has_no_unit_and_is_of_people_with_both_classes(self):
        people = [one_class([0, 0, 1], [level, level, level + 2]) for level in (0, 2, 4)]
        scaled = [(truth, 7 * scores - 3) for truth, scores in people]
        alone = one_class([0, 0], [50, 60])
        assert metrics.threshold_spread([*scaled, alone]) == pytest.approx(1)

    def test_without_a_distance_or_a_second_person_it_is_not_known(self):
        same = [one_class([0, 1, 1], [p, p, p]) for p in (0.1, 0.2, 0.7)]
        assert np.isnan(metrics.threshold_spread(same))
        assert np.isnan(metrics.threshold_spread([one_class([0, 1], [0, 1])]))


class TestRatings:
    def test_concordance_is_a_correlation_that_pays_for_level_and_scale(self):
        target = np.array([1.0, 2, 4, 7, 9])
        noisy = target + np.array([0.5, -1, 1, 0, -0.5])
        r = stats.pearsonr(target, noisy)[0]
        scale = 2 * target.std() * noisy.std()
        apart = target.var() + noisy.var() + (target.mean() - noisy.mean()) ** 2
        assert metrics.concordance(target, noisy) == pytest.approx(r * scale / apart)
        assert metrics.concordance(target, target) == pytest.approx(1)
        # Lin's formula for a shift of one standard deviation: 2 / (2 + 1).
        assert metrics.concordance(target, target + target.std()) == pytest.approx(2 / 3)
        assert metrics.concordance(target, np.full(5, 3.0)) == 0

    def test_within_a_person_the_level_does_not_count(self):
        target, predicted = np.array([5.0, 6, 8]), np.array([1.0, 3, 4])
        for metric in (metrics.r2, metrics.concordance, metrics.rmse):
            moved = metrics.within(metric, target, predicted + 9)
            assert moved == pytest.approx(metrics.within(metric, target, predicted))
        centred = r2_score(target - target.mean(), predicted - predicted.mean())
        assert metrics.within(metrics.r2, target, predicted) == pytest.approx(centred)
        assert metrics.rmse(target, predicted) == pytest.approx(np.sqrt((16 + 9 + 16) / 3))

    def test_ratings_that_are_all_the_same_cannot_be_followed(self):
        same, predicted = np.full(3, 0.1), np.array([0.1, 0.2, 0.3])
        assert np.isnan(metrics.r2(same, predicted))
        assert np.isnan(metrics.concordance(same, predicted))
        assert np.isnan(metrics.within(metrics.rmse, same, predicted))
        assert np.isnan(metrics.r2(same[:1], predicted[:1]))


def test_confidence_interval_is_students_t():
    scores = [0.61, 0.72, 0.55, 0.80, 0.66]
    for level in (0.95, 0.5):
        mean, half = confidence_interval(scores, level)
        interval = stats.t.interval(level, 4, loc=np.mean(scores), scale=stats.sem(scores))
        assert (mean - half, mean + half) == pytest.approx(interval)
    assert confidence_interval([0.4, np.nan, 0.6]) == confidence_interval(x for x in (0.4, 0.6))
    np.testing.assert_equal(confidence_interval([0.7]), (0.7, np.nan))
    np.testing.assert_equal(confidence_interval([np.nan]), (np.nan, np.nan))
