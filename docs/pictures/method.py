"""Draw docs/images/method.png: the method in one picture. The ECG is simulated."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    AddNoise,
    ECGFilter,
    FlipTime,
    Negate,
    Permute,
    Scale,
    Segmenter,
    SSLEmbedder,
    TimeWarp,
    TrimmedScaler,
    make_cohort,
)

BLUE, ORANGE, GREY = "#3477a8", "#e07b1a", "0.35"
SHOWN = slice(0, 4 * 256)
#: As the papers', but for noise and scale, which would not be seen at this size.
VIEWS = {
    "original": None,
    "noise": AddNoise(snr_db=5, random_state=0),
    "scale": Scale(factor=1.6),
    "negate": Negate(),
    "flip": FlipTime(),
    "permute": Permute(random_state=1),
    "warp": TimeWarp(stretch=1.5, random_state=0),
}


def box(axis, x, y, width, height, text, color, **font):
    """A rounded box with a text in it."""
    shape = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.12", fc=color, ec="none"
    )
    axis.add_patch(shape)
    font = {"ha": "center", "va": "center", "color": "white", "fontsize": 10} | font
    axis.text(x + width / 2, y + height / 2, text, **font)


def arrow(axis, start, end, **style):
    """An arrow from one point to another."""
    style = {"color": GREY, "linewidth": 1.2, "mutation_scale": 11} | style
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", shrinkA=0, shrinkB=0, **style))


cohort = make_cohort(n_subjects=1, duration=10, random_state=5)
clean = make_pipeline(ECGFilter(256), TrimmedScaler()).fit_transform(cohort.recordings)
window = Segmenter(256).windows(clean)[:1]
features = SSLEmbedder("recognition-open").fit_transform(window)[0]

figure = plt.figure(figsize=(12, 5.2))
axis = figure.add_axes((0, 0, 1, 1))
axis.set(xlim=(0, 24), ylim=(0, 10.4), xticks=[], yticks=[])
axis.axis("off")

# Left: what it learns without labels.
axis.text(0.4, 9.9, "1  Learn without labels", fontsize=14, weight="bold")
axis.text(0.4, 9.3, "Which transformation was applied?", fontsize=11, color=GREY)
for row, (name, transform) in enumerate(VIEWS.items()):
    view = window if transform is None else transform.fit_transform(window)
    y = 8.2 - 1.2 * row
    trace = view[0, SHOWN]
    x = np.linspace(0.5, 5.2, len(trace))
    axis.plot(x, y - 0.15 + 0.062 * trace, color="black" if row == 0 else BLUE, linewidth=0.9)
    arrow(axis, (5.4, y), (6.5, y))
    box(axis, 11.0, y - 0.3, 2.0, 0.6, name, "0.25" if row == 0 else BLUE, fontsize=9.5)
    arrow(axis, (9.9, 4.6 + 0.75 * (y - 4.6)), (10.9, y))
box(axis, 6.6, 1.0, 3.2, 7.2, "convolutional\nnetwork\n\n(trunk)", ORANGE, fontsize=13)
axis.text(12.0, 8.9, "one head each:\nyes or no?", ha="center", fontsize=9.5, color=GREY)

# Right: what is kept.
axis.plot([13.7, 13.7], [0.3, 10.1], color="0.8", linewidth=1)
axis.text(14.2, 9.9, "2  Keep the network, frozen", fontsize=14, weight="bold")
axis.text(14.2, 9.3, "Its features feed any classifier of scikit-learn.", fontsize=11, color=GREY)
trace = window[0, SHOWN]
axis.plot(np.linspace(14.2, 16.5, len(trace)), 6.8 + 0.12 * trace, color="black", linewidth=0.9)
axis.text(15.35, 5.9, "10 s of ECG", ha="center", fontsize=9.5, color=GREY)
arrow(axis, (16.7, 7.0), (17.3, 7.0))
box(axis, 17.4, 6.2, 1.7, 1.6, "trunk", ORANGE, fontsize=12)
arrow(axis, (19.2, 7.0), (19.8, 7.0))
heights = features[:48] / np.abs(features[:48]).max()
axis.bar(np.linspace(20.0, 23.5, 48), 1.5 * heights, width=0.055, bottom=6.4, color=ORANGE)
axis.text(21.75, 5.9, "128 features", ha="center", fontsize=9.5, color=GREY)
arrow(axis, (21.75, 5.6), (21.75, 4.9))
box(axis, 20.0, 3.9, 3.5, 0.9, "SVC, dense head, ...", "0.25", fontsize=11)
arrow(axis, (21.75, 3.8), (21.75, 3.1))
axis.text(21.75, 2.6, "rest or stress", ha="center", va="center", fontsize=13, weight="bold")
axis.text(
    14.2,
    3.3,
    "Few labels are needed here,\nand none on the left.\n\nScored on people whom\nnothing has met.",
    fontsize=11,
    color=GREY,
    va="center",
    linespacing=1.4,
)
figure.savefig(Path(__file__).parents[1] / "images" / "method.png", dpi=110, facecolor="white")
