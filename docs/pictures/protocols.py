"""Draw docs/images/protocols.png from the table of docs/measured/new_person.md."""

from pathlib import Path

import pandas as pd

from sklearn_ecgssl import ScoreDisplay

DOCS = Path(__file__).resolve().parents[1]
SHOWN = [
    "supervised network",
    "own, frozen network",
    "own, fine-tuned network",
    "rhythm-open, scores",
    "majority class",
    "heart rate",
]

page = (DOCS / "measured" / "new_person.md").read_text("utf-8")
section = page.partition("## The three protocols")[2].partition("\n## ")[0]
rows = []
for line in section.splitlines():
    name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
    if name in SHOWN and len(cells) == 3:
        for protocol, cell in zip(["windows", "recordings", "subjects"], cells, strict=True):
            rows.append([name, protocol, *map(float, cell.split(" ± "))])
columns = ["estimator", "protocol", "balanced_accuracy", "balanced_accuracy_ci"]
display = ScoreDisplay(pd.DataFrame(rows, columns=columns), chance=0.5).plot()
display.ax_.set_title("Rest against mental arithmetic, 32 people")
display.figure_.savefig(DOCS / "images" / "protocols.png", dpi=130)
