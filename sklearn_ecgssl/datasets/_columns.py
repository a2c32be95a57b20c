"""Columns of a table, of pandas, of polars or in a file: labels, numbers and times."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import check_choice
from .._files import library, reading

_ENDINGS = (".csv", ".gz", ".parquet")
_SHOWN = 5
#: "00:01:30.5", "2 days 00:01:30"; pandas reads dates as durations, too.
_DURATION = r"([+-]?\d+ days?,? )?[+-]?\d+:\d\d:\d\d([.]\d+)?"


def read_columns(table: Any, wanted: Iterable[str]) -> dict[str, Any]:
    """Return columns of a table or of a file as pandas Series, or name those that are there."""
    wanted = list(dict.fromkeys(wanted))
    if isinstance(table, str | os.PathLike):
        return _columns_of_file(Path(table).expanduser(), wanted)
    is_lazy = hasattr(table, "collect")
    if is_lazy or not hasattr(table, "columns"):
        raise TypeError(
            "table must be a DataFrame of pandas or polars, or the path of a CSV or Parquet file, "
            f"got {type(table).__name__}. {'Pass table.collect().' * is_lazy}".rstrip()
        )
    index = getattr(getattr(table, "index", None), "names", ())
    _check_there(wanted, list(table.columns), "table", index)
    return {name: as_series(table[name]) for name in wanted}


def as_series(values: Any) -> Any:
    """Return values as a pandas Series whose index is 0, 1, 2, ..."""
    pandas = _pandas()
    if isinstance(values, pandas.Series):
        return values.reset_index(drop=True)
    return pandas.Series(values.to_numpy() if hasattr(values, "to_numpy") else values)


def numbers(values: Any, name: str) -> np.ndarray:
    """Return values as float64, NaN where one is missing."""
    pandas, series = _pandas(), as_series(values)
    try:
        return pandas.to_numeric(series).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        is_text = pandas.to_numeric(series.astype(str), errors="coerce").isna() & series.notna()
        row = int(np.argmax(is_text.to_numpy()))
        raise ValueError(
            f"{name} must hold numbers, but has {series.iloc[row]!r} in row {row}. Is the decimal "
            'a comma? Then read it with pandas.read_csv(..., decimal=",").'
        ) from error


def times(values: Any, name: str) -> np.ndarray:
    """Return times as seconds, or as datetime64[ns]: in UTC where they have a time zone."""
    pandas, series = _pandas(), as_series(values).infer_objects()
    if series.dtype.kind in "OUT":
        series = _parsed(series, name)
    if series.dtype.kind == "M":
        in_utc = pandas.to_datetime(series, utc=True).dt.tz_localize(None)
        return in_utc.to_numpy(dtype="datetime64[ns]")
    if series.dtype.kind == "m":
        return pandas.to_timedelta(series).dt.total_seconds().to_numpy(dtype=float)
    return numbers(series, name)


def codes(values: Any) -> np.ndarray:
    """Number the labels of a column by their first row; -1 where there is none."""
    return _pandas().factorize(as_series(values))[0]


def is_float32(samples: np.ndarray) -> np.ndarray:
    """Tell samples that float32 holds from NaN, infinity and what is beyond it."""
    return np.abs(samples) <= np.finfo(np.float32).max


def listed_rows(which: np.ndarray) -> str:
    """Name some of the rows that are marked, counted from 0."""
    rows = np.flatnonzero(which)
    shown = ", ".join(map(str, rows[:_SHOWN].tolist()))
    return f"row {shown}, ... ({len(rows)} in all)" if len(rows) > _SHOWN else f"row {shown}"


def _columns_of_file(path: Path, wanted: list[str]) -> dict[str, Any]:
    """Read no more than the columns that are wanted."""
    check_choice("The ending of a table's path", path.suffix, _ENDINGS)
    if path.suffix == ".parquet":
        parquet = library("pyarrow.parquet", "Parquet files are read", "scale")
        with reading(path, "Parquet"):
            there = parquet.read_schema(path).names
        _check_there(wanted, there, path.name)
        with reading(path, "Parquet"):
            frame = _pandas().read_parquet(path, columns=wanted)
    else:
        pandas = _pandas()
        with reading(path, "CSV"):
            header = pandas.read_csv(path, nrows=0)
        _check_there(wanted, list(header.columns), path.name)
        with reading(path, "CSV"):
            frame = pandas.read_csv(path, usecols=wanted, low_memory=False)
    return {name: frame[name] for name in wanted}


def _check_there(wanted: list[str], there: list[Any], what: str, index: Iterable[Any] = ()) -> None:
    for name in wanted:
        if name not in there:
            cure = ""
            if name in index:
                cure = " Pass table.reset_index()."
            elif len(there) == 1 and ";" in str(there[0]):
                cure = ' Read it with pandas.read_csv(..., sep=";").'
            listed = ", ".join(map(repr, there))
            raise ValueError(f"{what} has no column {name!r}, but {listed or 'none'}.{cure}")


def _parsed(series: Any, name: str) -> Any:
    """Read text as numbers, datetimes as ISO 8601 writes them, or durations."""
    pandas = _pandas()
    text = series.dropna().astype(str)
    if text.str.fullmatch(_DURATION).all():
        return pandas.to_timedelta(series)
    for parse in (
        pandas.to_numeric,
        lambda text: pandas.to_datetime(text, format="ISO8601", utc=True),
    ):
        try:
            return parse(series)
        except (TypeError, ValueError):
            continue
    example = text.iloc[0]
    raise ValueError(
        f"{name} must hold seconds, datetimes or timedeltas, but begins with {example!r}. Say how "
        'to read it: pandas.to_datetime(..., format="%d.%m.%Y %H:%M:%S.%f").'
    )


def _pandas() -> Any:
    return library("pandas", "Tables are read")
