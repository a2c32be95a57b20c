"""Scores under three protocols, with all labels and with few.

The network of the preset "rhythm", supervised, frozen and fine-tuned, as `ECGClassifier`; linear
classifiers of its frozen features, untrained, pretrained in each fold on the training set, and
shipped; heart rate and the majority class. Pretraining sees all windows of the training set, what
needs labels only some. Windows are at 100 Hz, filtered and scaled recording by recording.
"""

from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.evaluation import compare_protocols, linear_classifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import ECGFilter, Segmenter, TrimmedScaler

from .ecg import labelled_cohort, resampled
from .tables import cell, print_table

RATE = 100
N_FOLDS = 4
#: Fractions of labels by protocol.
FRACTIONS = {"windows": [1.0], "recordings": [1.0], "subjects": [1.0, 0.2, 0.01]}
#: What trains on labels.
NETWORK = {"hidden": (64, 64), "class_weight": "balanced", "max_epochs": 8, "batch_size": 16}


def run(args) -> None:
    cohort = labelled_cohort(args)
    prepare = make_pipeline(ECGFilter(RATE, low=0.5, high=40), TrimmedScaler())
    recordings = prepare.fit_transform(resampled(cohort, RATE))
    for protocol, fractions in FRACTIONS.items():
        results = compare_protocols(
            classifiers(args.epochs),
            recordings,
            cohort.target,
            cohort.subject,
            segmenter=Segmenter(RATE),
            protocols=protocol,
            label_fractions=fractions,
            n_splits=N_FOLDS,
            folder=args.work,
            n_jobs=args.jobs,
            verbose=1,
        )
        table = results.table().set_index(["estimator", "label_fraction"])
        for metric in ("balanced_accuracy", "auc_within"):
            print(f"\n{metric}, {protocol}, {N_FOLDS} folds: mean ± 95 % interval\n")
            rows = [
                [name, *(cell(table.loc[(name, f)], metric) for f in fractions)]
                for name in results.table()["estimator"].unique()
            ]
            print_table(["", *(f"{fraction:.0%}" for fraction in fractions)], rows)
        print(results.failures.to_string() if len(results.failures) else "", flush=True)


def classifiers(epochs: int) -> dict:
    """Make what is compared, all of the same network."""
    pretrainer = PretextPretrainer.from_preset(
        "rhythm", max_epochs=epochs, batch_size=16, random_state=0
    )
    untrained = clone(pretrainer).set_params(max_epochs=0)
    network = {**NETWORK, "random_state": 0}
    encoders = {"untrained": untrained, "own": pretrainer, "rhythm-open": "rhythm-open"}
    return {
        "supervised network": ECGClassifier(untrained, **network),
        "own, frozen network": ECGClassifier(pretrainer, freeze="trunk", **network),
        "own, fine-tuned network": ECGClassifier(pretrainer, **network),
        "rhythm-open, fine-tuned network": ECGClassifier("rhythm-open", **network),
        **{
            f"{name}, {kind}": make_pipeline(
                SSLEmbedder(encoder, layer=layer, sampling_rate=RATE), linear_classifier(C=None)
            )
            for name, encoder in encoders.items()
            for kind, layer in {"128 features": "last", "scores": "scores"}.items()
        },
    }
