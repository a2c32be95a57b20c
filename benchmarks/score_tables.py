"""Tables of scores of features, and of how far shipped encoders are ahead of others."""

from dataclasses import dataclass

import numpy as np

from .people import interval
from .tables import print_table

COLUMNS = ("as they are", "scaled by person")
#: What shipped encoders are compared with.
OTHERS = ("initialised", "target data", "heart rate")


@dataclass
class Row:
    """Scores (n_fractions, 2 columns, n_people) of some features."""

    name: str
    encoder: str
    n_features: int
    scores: np.ndarray


def print_scores(rows: list[Row], people: np.ndarray) -> None:
    """Print the scores with all labels, and how far the shipped encoders are ahead."""
    groups = {
        "all people": people,
        "people 1, 3, ...": people[0::2],
        "people 2, 4, ...": people[1::2],
    }
    others = there(rows)
    header = ["features", "encoder", "columns", "score", *(f"minus {other}" for other in others)]
    for column, how in enumerate(COLUMNS):
        for title, some in groups.items():
            kept = np.isin(people, some)
            print(f"\nAll labels, features {how}, scored on {title}: mean ± 95 % interval\n")
            cells = []
            for row in rows:
                ahead = [minus(row, other, rows)[0, column, kept] for other in others]
                own = interval(row.scores[0, column, kept])
                cells.append([row.name, row.encoder, row.n_features, own, *map(signed, ahead)])
            print_table(header, cells)


def print_fractions(rows: list[Row], fractions) -> None:
    """Print the scores of all people by the fraction of labels, and the differences."""
    header = ["features", "encoder", *(f"{fraction:.0%}" for fraction in fractions)]
    shipped = [row for row in rows if row.encoder == "shipped"]
    for column, how in enumerate(COLUMNS):
        print(f"\nBy the fraction of labels, features {how}, all people\n")
        cells = [[r.name, r.encoder, *map(interval, r.scores[:, column])] for r in rows]
        print_table(header, cells)
        for other in there(rows):
            print(f"\nThe same, shipped minus {other}\n")
            ahead = [minus(row, other, rows)[:, column] for row in shipped]
            cells = [
                [r.name, r.encoder, *map(signed, a)] for r, a in zip(shipped, ahead, strict=True)
            ]
            print_table(header, [row for row in cells if any(row[2:])])


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
