"""Scores against the fraction of labels, on shuffled windows and on unseen people.

The networks of the papers, linear classifiers of the same pretrained network's features, and heart
rate. Pretraining sees all windows of the training set, what needs labels only some.
"""

from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.evaluation import compare_protocols, linear_classifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import TrimmedScaler

from .ecg import labelled_recordings

FRACTIONS = (1.0, 0.5, 0.2, 0.01)


def run(args) -> None:
    recordings, target, subject = labelled_recordings(args)
    pretrainer = PretextPretrainer(max_epochs=args.epochs, batch_size=16, random_state=0)
    untrained = clone(pretrainer).set_params(max_epochs=0)
    network = {
        "hidden": (64, 64),
        "class_weight": "balanced",
        "max_epochs": 16,
        "batch_size": 16,
        "random_state": 0,
    }
    features = {
        "embedding, linear": (None, linear_classifier()),
        "rhythm, linear": ("rhythm", linear_classifier(C=0.003)),
    }
    estimators = {
        "supervised": ECGClassifier(untrained, **network),
        "self-supervised": ECGClassifier(pretrainer, freeze="trunk", **network),
        "fine-tuned": ECGClassifier(pretrainer, **network),
    } | {
        name: make_pipeline(SSLEmbedder(pretrainer, aggregate=aggregate), classifier)
        for name, (aggregate, classifier) in features.items()
    }
    results = compare_protocols(
        estimators,
        TrimmedScaler().fit_transform(recordings),
        target,
        subject,
        protocols=["windows", "subjects"],
        label_fractions=FRACTIONS,
        n_splits=4,
        memory=args.memory,
        n_jobs=2,
        verbose=1,
    )
    table = results.table()
    table["cell"] = [
        f"{mean:.3f} ± {half:.3f}"
        for mean, half in zip(
            table["balanced_accuracy"], table["balanced_accuracy_ci"], strict=True
        )
    ]
    for protocol, rows in table.groupby("protocol", sort=False):
        print(f"\nBalanced accuracy, {protocol}, mean ± 95 % interval over folds:\n")
        cells = rows.pivot(index="estimator", columns="label_fraction", values="cell")
        order = [name for name in table["estimator"].unique() if name in cells.index]
        print(cells.loc[order, list(FRACTIONS)].to_string())
    print(results.failures.to_string())
