"""Tables of scores of features, and of how far shipped encoders are ahead of others."""

from dataclasses import dataclass

import numpy as np

from .linear_scores import interval
from .tables import print_table

COLUMNS = ("as they are", "scaled by person")
#: What shipped encoders are compared with.
OTHERS = ("initialised", "target data", "heart rate")
EVERYBODY = "all people"
#: `--choose` looks at people 1, 3, ... alone.
NOT_CHOSEN_BY = "people 2, 4, ..., by whom no candidate was chosen"
#: Whom scores are of, in the order of the people.
GROUPS = {
    EVERYBODY: slice(None),
    "people 1, 3, ...": slice(0, None, 2),
    NOT_CHOSEN_BY: slice(1, None, 2),
}


@dataclass
class Row:
    """Scores (n_fractions, 2 columns, n_people) of some features."""

    name: str
    encoder: str
    n_features: int
    scores: np.ndarray


def print_scores(rows: list[Row]) -> None:
    """Print the scores with all labels, and how far the shipped encoders are ahead."""
    others = there(rows)
    header = ["features", "encoder", "columns", "score", *(f"minus {other}" for other in others)]
    for column, how in enumerate(COLUMNS):
        for title, kept in GROUPS.items():
            print(f"\nAll labels, features {how}, scored on {title}: mean ± 95 % interval\n")
            cells = []
            for row in rows:
                ahead = [minus(row, other, rows)[0, column, kept] for other in others]
                own = interval(row.scores[0, column, kept])
                cells.append([row.name, row.encoder, row.n_features, own, *map(signed, ahead)])
            print_table(header, cells)


def print_fractions(rows: list[Row], fractions) -> None:
    """Print the scores by the fraction of labels, and how far the shipped encoders are ahead."""
    header = ["features", "encoder", *(f"{fraction:.0%}" for fraction in fractions)]
    for column, how in enumerate(COLUMNS):
        for title in (EVERYBODY, NOT_CHOSEN_BY):
            where = f"features {how}, scored on {title}: mean ± 95 % interval"
            shown = (slice(None), column, GROUPS[title])
            print(f"\nBy the fraction of labels, {where}\n")
            cells = [[row.name, row.encoder, *map(interval, row.scores[shown])] for row in rows]
            print_table(header, cells)
            for other in there(rows):
                print(f"\nBy the fraction of labels, shipped minus {other}, {where}\n")
                print_table(header, differences(rows, other, shown))


def differences(rows: list[Row], other: str, shown: tuple) -> list[list[object]]:
    """Make a table's rows of what another encoder can be subtracted from; `shown` of the scores."""
    ahead = [map(signed, minus(row, other, rows)[shown]) for row in rows]
    cells = [[row.name, row.encoder, *own] for row, own in zip(rows, ahead, strict=True)]
    return [row for row in cells if any(row[2:])]


def there(rows: list[Row]) -> list[str]:
    """Those of OTHERS that some shipped row can be compared with."""
    return [o for o in OTHERS if any(np.isfinite(minus(row, o, rows)).any() for row in rows)]


def minus(row: Row, other: str, rows: list[Row]) -> np.ndarray:
    """Subtract, person by person, the scores of another encoder from those of a shipped one.

    NaN for other rows, and where there is nothing to compare with.
    """
    wanted = ("heart rate", "") if other == "heart rate" else (row.name, other)
    beside = [r.scores for r in rows if (r.name, r.encoder) == wanted]
    if row.encoder != "shipped" or not beside:
        return np.full_like(row.scores, np.nan)
    return row.scores - beside[0]


def signed(differences: np.ndarray) -> str:
    return "" if np.isnan(differences).all() else interval(differences, "+")
