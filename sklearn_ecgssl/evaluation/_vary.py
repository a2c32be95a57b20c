"""What a comparison varies: parameters of estimators, of the segmenter and of the reference."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import product
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from ..signal import Segmenter
from ..signal.window_store import is_windowed
from ._estimators import with_pretrainers
from ._reference import ReferenceWindows, reference_mask
from ._results import METRICS, SAMPLES
from ._windows import LabelledWindows

#: What can be varied of the segmenter, and of the reference.
CUTS = ("segmenter__window_length", "segmenter__overlap")
REFERENCES = ("reference__seconds", "reference__position")

#: The values of each parameter that is varied, by how they are shown in a table.
Varied = dict[str, dict[Any, Any]]


def varied_values(
    vary: Mapping[str, Any], compared: Mapping[str, BaseEstimator], reference: Any
) -> Varied:
    """Name the values of each parameter as they are shown; of a reference, also that of none."""
    parameters = {p for estimator in compared.values() for p in estimator.get_params(deep=True)}
    for name in vary:
        if name in (*SAMPLES, *METRICS, "estimator", "protocol", "fold", "score", "label_fraction"):
            raise ValueError(
                f"vary: {name!r} is a column of the results. Compare a dict of estimators instead."
            )
        if name in (*REFERENCES, "reference"):
            if name in REFERENCES and not isinstance(reference, ReferenceWindows):
                raise ValueError(f"vary: {name!r} needs reference=ReferenceWindows(...).")
            if name in REFERENCES and "reference" in vary:
                raise ValueError(f"vary: take either 'reference' or {name!r}, got both.")
        elif name not in parameters and name not in CUTS:
            close = get_close_matches(name, [*parameters, *CUTS, *REFERENCES], n=5, cutoff=0.4)
            raise ValueError(
                f"vary: no estimator has a parameter {name!r}. Close to it are: "
                f"{', '.join(close) or 'none'}."
            )
    varied = {name: _named_values(name, values) for name, values in vary.items()}
    if reference is not None and not {*REFERENCES, "reference"} & set(vary):
        shown = str(reference) if isinstance(reference, ReferenceWindows) else "given windows"
        varied["reference"] = {"none": None, shown: reference}
    return varied


def _named_values(parameter: str, values: Any) -> dict[Any, Any]:
    """Name the values of a parameter as they are shown: by a dict, else by themselves."""
    if isinstance(values, Mapping):
        pairs = list(values.items())
    else:
        pairs = [(v, v) for v in values] if isinstance(values, Iterable) else []
    shown = [_as_cell(name) for name, _ in pairs]
    if isinstance(values, str) or not shown or len(set(shown)) < len(shown):
        raise ValueError(
            f"vary: the values of {parameter!r} must be a list, or a dict of values by name, of "
            f"one or more that look different, got {values!r:.200}."
        )
    return dict(zip(shown, (value for _, value in pairs), strict=True))


def _as_cell(value: Any) -> Any:
    """Show a value as text unless it is a number: pandas groups by no tuple, estimator or None."""
    is_number = isinstance(value, Real) and not isinstance(value, bool) and value == value
    return value if is_number else " ".join(str(value).split())


def _combinations(varied: Varied) -> Iterator[dict[str, Any]]:
    """Yield all combinations of values, as they are shown."""
    for values in product(*varied.values()):
        yield dict(zip(varied, values, strict=True))


def variants(
    compared: Mapping[str, BaseEstimator], varied: Varied
) -> list[tuple[dict[str, Any], dict[str, BaseEstimator]]]:
    """Set all combinations of values; an estimator without a parameter stays the same object."""
    made: dict[Any, BaseEstimator] = {}
    found = []
    others = (*CUTS, *REFERENCES, "reference")
    for setting in _combinations({n: values for n, values in varied.items() if n not in others}):
        estimators = {}
        for name, estimator in compared.items():
            own = {p: shown for p, shown in setting.items() if p in estimator.get_params(deep=True)}
            key = (name, *own.items())
            if own and key not in made:
                values = {p: clone(varied[p][shown], safe=False) for p, shown in own.items()}
                made[key] = with_pretrainers(clone(estimator).set_params(**values))
            estimators[name] = made.get(key, estimator)
        found.append((setting, estimators))
    return found


def segmenters(
    segmenter: Segmenter, varied: Varied, recordings: Any
) -> Iterator[tuple[dict[str, Any], Segmenter]]:
    """Set all combinations of the segmenter's values."""
    of_segmenter = {name: varied[name] for name in CUTS if name in varied}
    if of_segmenter and is_windowed(recordings):
        raise ValueError(
            f"vary: the recordings were given as windows, which {', '.join(of_segmenter)} cannot "
            "cut again. Pass whole recordings and a Segmenter."
        )
    for cut in _combinations(of_segmenter):
        values = {name.removeprefix("segmenter__"): varied[name][cut[name]] for name in cut}
        yield cut, clone(segmenter).set_params(**values)


def references(
    reference: Any, varied: Varied, windows: LabelledWindows
) -> list[tuple[dict[str, Any], np.ndarray | None]]:
    """Mark the reference windows, with all combinations of the reference's values."""
    if reference is None and "reference" not in varied:
        return [({}, None)]
    of_reference = {name: varied[name] for name in (*REFERENCES, "reference") if name in varied}
    found: list[tuple[dict[str, Any], np.ndarray | None]] = []
    for setting in _combinations(of_reference):
        values = {name: varied[name][shown] for name, shown in setting.items()}
        chosen = values.pop("reference", reference)
        if values:
            own = {name.removeprefix("reference__"): value for name, value in values.items()}
            chosen = clone(chosen).set_params(**own)
        nothing = np.zeros(len(windows), dtype=bool)
        found.append((setting, nothing if chosen is None else reference_mask(chosen, windows)))
    return found
