"""Classify features relative to a person's own rest."""

from typing import Any, Self

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d

from .._checks import warn_caller
from .._compat import _fit_context
from .._fitting import all_or_nothing
from ._levels import (
    as_rows,
    check_classes_left,
    check_each_has_rest,
    check_reference,
    level_of,
    listed,
    pooled_deviation,
    warn_of_one_window,
    with_one_window,
    without_levels,
    without_names,
)
from ._subject import SubjectClassifier, classifier_has


class SubjectReferenceClassifier(SubjectClassifier):
    """Classify features relative to a person's level at rest.

    People differ more from each other than one person does from calm to stress. Here the mean of
    each feature over windows that are known to be rest, a person's level, is taken away from all
    of his or her windows [1]_. A new person needs a minute of rest and no other condition.

    Parameters
    ----------
    features : transformer
        From windows or recordings to features, such as `SSLEmbedder` or a Pipeline. It learns from
        windows that are not reference. NaN is left out of a level.
    classifier : classifier
        Classifier of features relative to the level. It learns from windows that are not reference.
    standardize : bool, default=False
        Divide each feature by the standard deviation of reference windows from their own person's
        level, pooled over the people of `fit` (one degree of freedom less than windows for each
        person). Constant features are not divided.

    Attributes
    ----------
    features_ : transformer
        The fitted transformer.
    classifier_ : classifier
        The fitted classifier.
    classes_ : ndarray of shape (n_classes,)
        The labels of windows that are not reference.
    n_subjects_ : int
        People that were fitted.
    uses_reference_ : bool
        Whether `fit` was given reference windows, and so whether `predict` needs them.
    deviation_ : ndarray of shape (n_features,) or None
        What features are divided by. None where they are not.

    See Also
    --------
    SubjectScaledClassifier : Scale by all windows of a person, which needs all conditions.

    Notes
    -----
    Reference windows give a level and nothing else: neither features nor classifier learn from
    them, and `score` leaves them out. Their labels may be no class, such as "baseline".

    A level is subtracted and no more by default, since the deviation of a short rest is not known
    well. `standardize` pools it over people. It is for features on different scales; a
    StandardScaler in front of the classifier, in a Pipeline, is the alternative.

    The two states of a person are never guessed from his or her own scores, by 2-means or other
    clustering: given rest alone, that calls half of it stress.

    With scikit-learn's metadata routing, ``set_fit_request(groups=True, reference=True)`` and
    ``set_score_request(groups=True, reference=True)`` let `cross_val_score` score this classifier.
    `sklearn_ecgssl.evaluation.compare_protocols` gives both without routing. The subjects also
    reach a `fit` of `features` or `classifier` that takes them, such as that of `SSLEmbedder`, or
    of a GridSearchCV whose `cv` splits by groups.

    References
    ----------
    .. [1] P. Siirtola, 2023, doi:10.3390/s23031598: models of unseen people, whose features are
       normalised by a baseline. So are those of heart rate variability in Tervonen et al., 2023,
       by a baseline of 3 to 8 minutes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from sklearn_ecgssl.classify import SubjectReferenceClassifier
    >>> subject = np.repeat([0, 1], 6)
    >>> target = np.tile(["rest", "rest", "rest", "rest", "stress", "stress"], 2)
    >>> is_first_minute = np.tile([True, True, False, False, False, False], 2)
    >>> heart_rate = (60 + 40 * subject + 10 * (target == "stress"))[:, None]
    >>> model = SubjectReferenceClassifier(FunctionTransformer(), LogisticRegression())
    >>> model = model.fit(heart_rate, target, groups=subject, reference=is_first_minute)
    >>> new, is_rest = [[80], [80], [81], [90]], [True, True, False, False]
    >>> model.predict(new, groups=["a", "a", "a", "a"], reference=is_rest)
    array(['rest', 'rest', 'rest', 'stress'], dtype='<U6')
    """

    _parameter_constraints: dict = {
        **SubjectClassifier._parameter_constraints,
        "standardize": ["boolean"],
    }

    def __init__(self, features: Any, classifier: Any, standardize: bool = False) -> None:
        self.features = features
        self.classifier = classifier
        self.standardize = standardize

    @_fit_context(prefer_skip_nested_validation=False)
    @all_or_nothing
    def fit(self, X: Any, y: Any, groups: Any = None, reference: Any = None) -> Self:
        """Fit the transformer, take each person's level away, fit the classifier.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        y : array-like of shape (n_samples,)
            Labels. The classifier ignores those of reference windows.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.
        reference : array-like of bool of shape (n_samples,), default=None
            True for windows that are known to be rest, at least one for each person, better a
            minute. None takes no level away, with a warning.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If a person has no reference window, fewer than two classes are left outside the
            reference, or `standardize` is set and no person has two reference windows.

        Warns
        -----
        UserWarning
            If there are no reference windows, or people have a single one.
        """
        if reference is not None and groups is None:
            warn_caller(
                "fit was given reference windows and no groups: all samples are taken for one "
                "person's. Pass the subject of each as groups."
            )
        return self._fit(X, y, groups, reference)

    def subject_features(self, X: Any, groups: Any = None, reference: Any = None) -> np.ndarray:
        """Compute what the classifier is shown: features relative to the person's level.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.
        reference : array-like of bool of shape (n_samples,), default=None
            True for windows that are known to be rest. Needed where `fit` had it.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Features for `classifier_`, also of reference windows.
        """
        return self._subject_features("subject_features", X, groups, reference)

    def predict(self, X: Any, groups: Any = None, reference: Any = None) -> np.ndarray:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.
        reference : array-like of bool of shape (n_samples,), default=None
            True for windows that are known to be rest. Needed where `fit` had it.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, also of reference windows.
        """
        return self._answer("predict", X, groups, reference)

    @available_if(classifier_has("predict_proba"))
    def predict_proba(self, X: Any, groups: Any = None, reference: Any = None) -> np.ndarray:
        """Estimate the probability of each class, where the classifier does.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.
        reference : array-like of bool of shape (n_samples,), default=None
            True for windows that are known to be rest. Needed where `fit` had it.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return self._answer("predict_proba", X, groups, reference)

    @available_if(classifier_has("decision_function"))
    def decision_function(self, X: Any, groups: Any = None, reference: Any = None) -> np.ndarray:
        """Compute the classifier's decision values, where it has them.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.
        reference : array-like of bool of shape (n_samples,), default=None
            True for windows that are known to be rest. Needed where `fit` had it.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Decision values, as those of `classifier_`.
        """
        return self._answer("decision_function", X, groups, reference)

    def score(
        self,
        X: Any,
        y: Any,
        groups: Any = None,
        reference: Any = None,
        *,
        sample_weight: Any = None,
    ) -> float:
        """Compute the accuracy of `predict` on windows that are not reference.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        y : array-like of shape (n_samples,)
            Labels. Those of reference windows are ignored.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.
        reference : array-like of bool of shape (n_samples,), default=None
            True for windows that are known to be rest. Needed where `fit` had it.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample. None weighs all alike.

        Returns
        -------
        float
            Accuracy, between 0 and 1.

        Raises
        ------
        ValueError
            As `predict`, or if all windows are reference.
        """
        predicted = self._answer("predict", X, groups, reference)
        scored = ~check_reference(reference, len(predicted))
        if not scored.any():
            raise ValueError("reference marks all windows: none is left to score.")
        y = column_or_1d(y)[scored]
        weights = None if sample_weight is None else column_or_1d(sample_weight)[scored]
        return float(accuracy_score(y, predicted[scored], sample_weight=weights))

    def for_subject(self, rest_windows: Any) -> Pipeline:
        """Enrol a person: build a classifier of his or her windows from some of rest.

        It predicts what `predict` does with these windows as the person's reference, and needs to
        be told nothing more: for a stream, or on a device.

        Parameters
        ----------
        rest_windows : array-like or list of arrays
            Windows of one person at rest, as the transformer takes them, a minute or more.

        Returns
        -------
        Pipeline
            Fitted, with steps "features" (a copy of `features_` without names of columns), "level"
            (a StandardScaler) and "classifier". Its ``[1:]`` takes features made elsewhere.

        Raises
        ------
        ValueError
            If `fit` had no reference windows.

        Warns
        -----
        UserWarning
            If there is a single window.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.preprocessing import FunctionTransformer
        >>> from sklearn_ecgssl.classify import SubjectReferenceClassifier
        >>> subject, target = np.repeat([0, 1], 6), np.tile([0, 0, 0, 0, 1, 1], 2)
        >>> is_first_minute = np.tile([True, True, False, False, False, False], 2)
        >>> heart_rate = (60 + 40 * subject + 10 * target)[:, None]
        >>> model = SubjectReferenceClassifier(FunctionTransformer(), LogisticRegression())
        >>> model = model.fit(heart_rate, target, groups=subject, reference=is_first_minute)
        >>> wearer = model.for_subject([[79], [81]])
        >>> wearer.predict([[90], [80]])
        array([1, 0])
        """
        check_is_fitted(self, "classifier_")
        if not self.uses_reference_:
            raise ValueError(
                "fit was given no reference windows, so no level is taken away: use predict, or "
                "fit again with reference=."
            )
        if not len(rest_windows):
            raise ValueError("rest_windows holds no window: record a minute of the person's rest.")
        features = without_names(self.features_)
        rest = features.transform(rest_windows)
        if len(rest) == 1:
            warn_of_one_window("the person enrolled")
        level = level_of(rest, self.deviation_)
        if np.isnan(level.mean_).all():
            raise ValueError(
                "rest_windows: all features of all windows are NaN, so there is no level. Record "
                "the person's rest again: were the electrodes on?"
            )
        return Pipeline(
            [("features", features), ("level", level), ("classifier", self.classifier_)]
        )

    def _needs_groups(self) -> bool:
        return self.uses_reference_

    def _learnt(self, y: np.ndarray, people: np.ndarray, reference: Any) -> np.ndarray:
        rest = check_reference(reference, len(y))
        self.uses_reference_ = bool(rest.any())
        if not self.uses_reference_:
            warn_caller(
                "fit was given no reference windows: features are classified as they are. Pass "
                "reference=, a mask of windows that are known to be rest."
            )
            return ~rest
        check_each_has_rest(people, rest)
        if self.standardize and len(with_one_window(people, rest)) == len(np.unique(people)):
            raise ValueError(
                "standardize=True needs a person with two reference windows, and reference marks "
                "one for each. Mark more, or set standardize=False."
            )
        check_classes_left(y, rest)
        return ~rest

    def _fit_levels(self, values: Any, people: np.ndarray, reference: Any) -> None:
        self.deviation_ = None
        if self.standardize and self.uses_reference_:
            rows = as_rows(values)
            self.deviation_ = pooled_deviation(rows, people, check_reference(reference, len(rows)))

    def _relative(self, values: Any, people: np.ndarray, reference: Any) -> np.ndarray:
        rows = as_rows(values)
        rest = check_reference(reference, len(rows))
        if not self.uses_reference_:
            if rest.any():
                raise ValueError(
                    "reference marks windows, but fit was given none, so features are classified "
                    "as they are. Fit with reference=, or leave it out here too."
                )
            return rows
        if reference is None:
            raise ValueError(
                "fit was given reference windows: pass reference= here too, a mask of each "
                "person's windows that are known to be rest, or enrol the person with "
                "for_subject(rest_windows) and use what it returns."
            )
        check_each_has_rest(people, rest)
        single = with_one_window(people, rest)
        if len(single):
            warn_of_one_window(listed(single))
        return without_levels(rows, people, rest, self.deviation_)
