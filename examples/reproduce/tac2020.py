"""
Sarkar & Etemad, IEEE Transactions on Affective Computing, 2020
===============================================================

Self-supervised against supervised networks on four data sets::

    python examples/reproduce/tac2020.py --wesad /data/WESAD --only wesad/condition

``--help`` names what else can be asked for; tables.py says what is done.
"""

from icassp2020 import CHOICES, NETWORKS
from tables import Figure, Paper, reproduce

from sklearn_ecgssl import ECGClassifier, ECGFilter, PretextPretrainer

# %%
# The figures of the paper are not in this package: compare with its tables.

TASKS = [
    ("amigos", "arousal"),
    ("amigos", "valence"),
    ("dreamer", "arousal"),
    ("dreamer", "valence"),
    ("wesad", "condition"),
    ("swell", "stress"),
    ("swell", "arousal"),
    ("swell", "valence"),
]
DATA_SETS = ("amigos", "dreamer", "wesad", "swell")
PAPER = Paper(
    citation="P. Sarkar, A. Etemad, Self-supervised ECG Representation Learning for Emotion "
    "Recognition, IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898",
    data_sets={name: {} for name in DATA_SETS},
    filter=ECGFilter(sampling_rate=256, low=0.8),
    scale="trimmed",
    pretrainer=PretextPretrainer.from_preset("tac2020"),
    heads={name: ECGClassifier.from_preset(f"tac2020-{name}") for name in DATA_SETS},
    networks=NETWORKS,
    figures=[Figure(*task, network) for task in TASKS for network in NETWORKS],
    choices=[
        *CHOICES,
        "Parameters are those of the authors' published code. It takes dominance for valence of "
        "amigos and dreamer, and the scale of a person from the last file alone; here valence is "
        "valence, and a person is scaled by all recordings.",
        "That code labels a window of wesad by the highest label in it; here no window has two.",
        "That code reports the best epoch on the test folds; here it is the last.",
        "That code computes F1 of mean precision and mean recall; here it is the mean F1.",
        "Ratings are above or below their mean; that code trains on the ratings as classes too.",
    ],
)

if __name__ == "__main__":
    reproduce(PAPER)
