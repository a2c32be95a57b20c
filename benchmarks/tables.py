"""Tables in Markdown, legible in a terminal."""

import numpy as np

from sklearn_ecgssl.evaluation import confidence_interval


def print_table(header: list[str], rows: list[list[object]]) -> None:
    """Print a table; the first column is text, the others are numbers."""
    cells = [header, *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    for row in [cells[0], rule, *cells[1:]]:
        print("| " + " | ".join(_aligned(row, widths)) + " |", flush=True)


def interval(values: np.ndarray, sign: str = "") -> str:
    """Mean and half of its 95 % interval."""
    mean, half_width = confidence_interval(values)
    return f"{mean:{sign}.3f} ± {half_width:.3f}"


def cell(row, metric: str) -> str:
    """One score of a table of results, and half of its interval."""
    return f"{row[metric]:.3f} ± {row[f'{metric}_ci']:.3f}"


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}".replace(",", " ") if abs(cell) >= 100 else f"{cell:.3g}"
    return "" if cell is None else str(cell)
