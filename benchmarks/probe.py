"""What the features of encoders carry, as `probe` tells it, of signals that are prepared alike.

`rhythm` gives each encoder the signal as it learnt it, and asks more people.
"""

import time

from sklearn.frozen import FrozenEstimator

from sklearn_ecgssl.evaluation import probe
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import Segmenter, scale_subjects

from .ecg import labelled_recordings
from .frozen import Frozen, load_those_there
from .tables import print_table

COLUMNS = ["r2_rate", "r2_sdnn", "r2_rmssd"]
OVER_PEOPLE = ["identity", "auc_within"]


def run(args) -> None:
    recordings, target, subject = labelled_recordings(args)
    recordings = scale_subjects(recordings, subject)
    encoders = {one.name: embedder(one) for one in load_those_there(args.list, args.device)}
    start = time.perf_counter()
    table = probe(encoders, recordings, target, subject, segmenter=Segmenter(256))
    print(f"{len(recordings)} recordings, {time.perf_counter() - start:.0f} s\n")
    rows = [
        [
            row["encoder"] + ", untrained" * row["untrained"],
            str(row["n_features"]),
            *(f"{row[column]:.3f}" for column in COLUMNS),
            *(
                f"{row[name]:.3f} ± {row[f'{name}_ci']:.3f}".split(" ± nan")[0]
                for name in OVER_PEOPLE
            ),
        ]
        for _, row in table.iterrows()
    ]
    print_table(["features", "columns", *COLUMNS, *OVER_PEOPLE], rows)


def embedder(one: Frozen) -> SSLEmbedder:
    """Make a transformer of an encoder, with the layer or aggregation that was asked for."""
    is_layer = one.kind in one.encoder.layer_names()
    which = {"layer": one.kind} if is_layer else {"aggregate": one.kind}
    return SSLEmbedder(FrozenEstimator(one.encoder), sampling_rate=one.rate, **which)
