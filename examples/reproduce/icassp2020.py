"""
Sarkar & Etemad, ICASSP 2020
============================

Self-supervised against supervised networks on SWELL-KW and AMIGOS, beside the published figures::

    python examples/reproduce/icassp2020.py --swell /data/SWELL --amigos /data/AMIGOS

``--help`` names what else can be asked for; tables.py says what is done.
"""

from tables import Figure, Paper, reproduce

from sklearn_ecgssl import ECGClassifier, ECGFilter, PretextPretrainer

# %%
# What both papers of the authors have in common.

NETWORKS = {"supervised": {"pretrainer__max_epochs": 0}, "self-supervised": {"freeze": "trunk"}}
CHOICES = [
    "The order of the high-pass filter is not published: Butterworth, order 4, forth and back.",
    "The lead of a data set with several is not published: the one that its reader takes first.",
    "Folds are of shuffled windows without regard to classes, the same for all attributes.",
    "Pretraining takes all windows of the training folds, also those that have no label.",
]

# %%
# Accuracy and F1 of the supervised and of the self-supervised network.

PUBLISHED = {
    ("swell", "stress"): [(0.984, None), (0.983, None)],
    ("swell", "arousal"): [(0.958, 0.957), (0.960, 0.956)],
    ("swell", "valence"): [(0.961, 0.956), (0.963, 0.958)],
    ("amigos", "arousal"): [(0.837, 0.828), (0.858, 0.851)],
    ("amigos", "valence"): [(0.809, 0.808), (0.840, 0.837)],
}
PAPER = Paper(
    citation="P. Sarkar, A. Etemad, Self-Supervised Learning for ECG-Based Emotion Recognition, "
    "ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985",
    data_sets={"swell": {}, "amigos": {}},
    filter=ECGFilter(sampling_rate=256, low=0.8),
    scale="trimmed",
    pretrainer=PretextPretrainer.from_preset("icassp2020"),
    heads={name: ECGClassifier.from_preset("icassp2020") for name in ("swell", "amigos")},
    networks=NETWORKS,
    figures=[
        Figure(*task, network, *figures)
        for task, both in PUBLISHED.items()
        for network, figures in zip(NETWORKS, both, strict=True)
    ],
    choices=[
        *CHOICES,
        "The amount of noise is not published: 15 dB, as in the code of the journal paper.",
        "Time-warping is not published: 9 pieces, stretched by 1.05, as in that code.",
        "The weights of the tasks are not published: those of that code.",
        "Whether signals are scaled is not published: per person, as in that code.",
        "Dropout and L2 of the classifier are not published: none.",
    ],
)

if __name__ == "__main__":
    reproduce(PAPER)
