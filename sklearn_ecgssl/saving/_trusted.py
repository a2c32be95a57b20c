"""The estimators of the package, for skops."""

from sklearn.base import BaseEstimator

#: Parts of a fitted `linear_classifier` that are no estimators; none does more than it says.
OF_LINEAR_CLASSIFIER = [
    "numpy.dtype",
    "sklearn.metrics._classification.balanced_accuracy_score",
    "sklearn.metrics._scorer._Scorer",
    "sklearn_ecgssl.evaluation._linear.SubjectSplit",
]


def trusted_types() -> list[str]:
    """List the package's estimators as `skops.io.load` wants to be told of them.

    skops saves a whole fitted pipeline without pickle, and loads only classes that it knows, those
    of scikit-learn, or that it is told to trust. A fitted estimator of this package consists of
    itself, its parts, and arrays and plain values.

    Returns
    -------
    list of str
        Full names of all public estimators, and of what `linear_classifier` is made of.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from sklearn_ecgssl import ECGFilter, Segmenter, SegmentVotingClassifier, trusted_types
    >>> rng = np.random.default_rng(0)
    >>> recordings, target = rng.normal(size=(4, 512)), [0, 1, 0, 1]
    >>> pipe = make_pipeline(
    ...     ECGFilter(sampling_rate=256),
    ...     SegmentVotingClassifier(SVC(), Segmenter(sampling_rate=256, window_length=1)),
    ... ).fit(recordings, target)
    >>> import skops.io  # doctest: +SKIP
    >>> skops.io.dump(pipe, "pipe.skops")  # doctest: +SKIP
    >>> pipe = skops.io.load("pipe.skops", trusted=trusted_types())  # doctest: +SKIP
    >>> trusted_types()[0]
    'sklearn_ecgssl.classify._dense.DenseClassifier'
    """
    import sklearn_ecgssl  # its estimators are imported when they are asked for

    public = (getattr(sklearn_ecgssl, name) for name in sklearn_ecgssl.__all__)
    estimators = sorted(
        f"{one.__module__}.{one.__qualname__}"
        for one in public
        if isinstance(one, type) and issubclass(one, BaseEstimator)
    )
    return estimators + OF_LINEAR_CLASSIFIER
