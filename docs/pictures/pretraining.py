"""Draw transformations.png and learning_curves.png of docs/guide/pretraining.md.

The ECG is simulated. The curves are those of the page's own code.
"""

import re
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Segmenter,
    TransformationDisplay,
    TrimmedScaler,
    make_cohort,
)

DOCS = Path(__file__).resolve().parents[1]

cohort = make_cohort(n_subjects=1, duration=30, random_state=0)
clean = make_pipeline(ECGFilter(256), TrimmedScaler()).fit_transform(cohort.recordings)
window = Segmenter(256).windows(clean)[0]
display = TransformationDisplay.from_estimator(
    PretextPretrainer(random_state=0), window, sampling_rate=256
)
display.figure_.savefig(DOCS / "images" / "transformations.png", dpi=100)

page = (DOCS / "guide" / "pretraining.md").read_text("utf-8")
names: dict[str, object] = {}
for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
    exec(code, names)
    if "PretextHistoryDisplay." in code:
        plt.gcf().savefig(DOCS / "images" / "learning_curves.png", dpi=120)
