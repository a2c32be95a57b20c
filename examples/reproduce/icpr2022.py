"""
Vazquez-Rodriguez et al., ICPR 2022
===================================

The Transformer that predicts masked samples, on AMIGOS, beside the published figures. Two encoders
serve all folds; each learns from the other data sets and from half of AMIGOS::

    python examples/reproduce/icpr2022.py --amigos /data/AMIGOS --dreamer /data/DREAMER

``--help`` names what else can be asked for; tables.py says what is done.
"""

from tables import Figure, Paper, reproduce

from sklearn_ecgssl import ECGClassifier, ECGFilter, MaskedPretrainer

NETWORKS = {
    "fine-tuned": {},
    "without pretraining": {"pretrainer__max_epochs": 0},
    "fine-tuned, mean": {"aggregate": "mean"},
    "fine-tuned, max": {"aggregate": "max"},
}

# %%
# Network, window length in s, then accuracy and F1 of arousal and of valence.

PUBLISHED = [
    ("fine-tuned", 10, (0.88, 0.87), (0.83, 0.83)),
    ("without pretraining", 10, (0.85, 0.84), (0.80, 0.80)),
    ("fine-tuned, mean", 10, (0.88, 0.87), (0.83, 0.83)),
    ("fine-tuned, max", 10, (0.86, 0.84), (0.80, 0.80)),
    ("fine-tuned", 20, (0.87, 0.86), (0.82, 0.82)),
    ("fine-tuned", 40, (0.86, 0.85), (0.82, 0.81)),
]
PAPER = Paper(
    citation="J. Vazquez-Rodriguez, G. Lefebvre, J. Cumin, J. L. Crowley, Transformer-Based "
    "Self-Supervised Learning for Emotion Recognition, ICPR 2022, arXiv:2204.05103",
    data_sets={"amigos": {"leads": "left"}, "ascertain": {}, "dreamer": {}, "pspm": {}},
    filter=ECGFilter(sampling_rate=128, low=0.8, high=50, order=8),
    scale="standard",
    pretrainer=MaskedPretrainer.from_preset("icpr2022"),
    heads={"amigos": ECGClassifier.from_preset("icpr2022")},
    networks=NETWORKS,
    figures=[
        Figure("amigos", label, network, *figures, window_length)
        for network, window_length, *both in PUBLISHED
        for label, figures in zip(("arousal", "valence"), both, strict=True)
    ],
    choices=[
        "The batch size is not published: 64 for pretraining, 128 for fine-tuning.",
        "Whether the filter of order 8 is causal is not published: forth and back, each edge of "
        "order 8.",
        "Where layers are normalised is not published: after them, as Vaswani et al. do.",
        "Early stopping is not published: none.",
        "From where on a rating is high is not known to this package: above the mean of all.",
        "The paper drops recordings of ascertain of quality 3 and worse, by a file of marks, see "
        "load_ascertain; here all are kept.",
        "The leads of ascertain and dreamer are not published: those that their readers take "
        "first.",
        "Folds are of shuffled windows without regard to classes, the same for both attributes.",
        "The data sets PsPM-FR, HRM5, RRM1-2 and VIS are those in the folder of pspm.",
    ],
    two_encoders=True,
)

if __name__ == "__main__":
    reproduce(PAPER)
