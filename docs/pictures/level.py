"""Draw docs/images/level.png from the first table of docs/measured/new_person.md."""

from pathlib import Path

import pandas as pd

from sklearn_ecgssl import SubjectLevelDisplay

NAN = float("nan")
DOCS = Path(__file__).resolve().parents[1]
NAMES = [
    "heart rate",
    "rhythm-open, scores",
    "rhythm-open, mean and max",
    "recognition-open, rhythm",
    "recognition-open, max",
    "masked-open, mean",
    "fine-tuned network",
]

page = (DOCS / "measured" / "new_person.md").read_text("utf-8")
section = page.partition("## A person's level")[2].partition("\n- ")[0]
rows = []
for line in section.splitlines():
    name, *cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
    if name not in NAMES:
        continue
    numbers = [[float(part) for part in cell.split("±")] if cell else [NAN, NAN] for cell in cells]
    within, pooled, as_is, relative, _, bound, _ = numbers
    for reference, (score, half_width) in {"none": as_is, "a minute of rest": relative}.items():
        rows.append(
            {
                "estimator": name,
                "protocol": "subjects",
                "reference": reference,
                "n_folds": 32,
                "balanced_accuracy": score,
                "balanced_accuracy_ci": half_width,
                "auc_within": within[0],
                "auc_within_ci": within[1],
                "auc_pooled": pooled[0],
                "balanced_accuracy_bound": bound[0],
            }
        )
display = SubjectLevelDisplay(pd.DataFrame(rows)).plot()
display.ax_.set_title("Rest against mental arithmetic, 32 people whom no classifier has met")
display.figure_.savefig(DOCS / "images" / "level.png", dpi=130)
