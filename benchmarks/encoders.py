"""The shipped encoders, or others in their place, and windows as each of them learnt from."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.signal import Segmenter

from .ecg import labelled_cohort
from .rhythm_data import CONFIG, as_learnt

#: Estimator and sampling rate in Hz of each method.
METHODS = {
    "recognition": (PretextPretrainer, 256),
    "masked": (MaskedPretrainer, 128),
    "rhythm": (PretextPretrainer, 100),
}


@dataclass
class Windows:
    """The same windows as each method takes them, with target and subject."""

    of: dict[str, np.ndarray]
    target: np.ndarray
    subject: np.ndarray


def windows_of_all(args) -> Windows:
    """Windows of --data, or of a simulated cohort, prepared for each method."""
    cohort = labelled_cohort(args)
    rates = np.broadcast_to(cohort.sampling_rate, len(cohort.target))
    of, labels = {}, None
    for method in METHODS:
        preparation = CONFIG["preparation"][method]
        scaled = as_learnt(cohort.recordings, rates, cohort.subject, preparation)
        segmenter = Segmenter(preparation["sampling_rate"])
        of[method], *own = segmenter.windows(scaled, cohort.target, cohort.subject)
        labels = labels or own
        if not all(map(np.array_equal, labels, own)):
            raise ValueError(
                f"--data {args.data} gives {len(labels[0])} windows for recognition, "
                f"{len(own[0])} for {method}; features side by side need the same ones. Trim its "
                "recordings to whole windows."
            )
    return Windows(of, *labels)


def load_encoders(args) -> dict:
    """Encoders by method; one that cannot be had is left out, and that is said."""
    encoders = {}
    for method in METHODS:
        place = getattr(args, method)
        try:
            found, encoder = load(place, args.device)
        except FileNotFoundError as error:
            print(f"without rows of {method}: --{method} {place} is missing ({error})\n")
            continue
        if found != method:
            raise ValueError(
                f"--{method} {place} must hold a {wanted(method)}, got a {wanted(found)}."
            )
        encoders[method] = encoder
    return encoders


def load(place: str, device: str) -> tuple:
    """Load an encoder, and find which method it is of."""
    encoder = load_pretrained(place, device=device)
    of_kind = [method for method, (kind, _) in METHODS.items() if isinstance(encoder, kind)]
    fits = [method for method in of_kind if encoder.sampling_rate_ in (None, METHODS[method][1])]
    if not fits:
        rates = " or ".join(f"{METHODS[method][1]:g}" for method in of_kind)
        raise ValueError(
            f"{place} takes windows at {encoder.sampling_rate_:g} Hz; those of a "
            f"{type(encoder).__name__} are prepared at {rates} Hz here."
        )
    return fits[0], encoder


def wanted(method: str) -> str:
    kind, rate = METHODS[method]
    return f"{kind.__name__} of windows at {rate} Hz"


def untrained(encoder, windows, seed: int):
    """Rebuild the network of an encoder, with untrained weights."""
    return clone(encoder).set_params(max_epochs=0, random_state=seed).fit(windows)
