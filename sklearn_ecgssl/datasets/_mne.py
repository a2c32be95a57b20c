"""Recordings from `mne.io.Raw`, cut by annotations."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from .._checks import check_choice
from .._files import library
from ..signal._recordings import check_subjects
from ..signal._resample import nominal_rate
from ._channels import UNKNOWN
from ._pieces import Piece, bunch_of

#: How descriptions of stretches begin that MNE leaves out, and of places where files were joined.
_BAD = ("bad", "edge")


def recordings_from_mne(
    raw: Any,
    picks: str | None = None,
    annotations: str | Sequence[str] | None = None,
    *,
    subject: Any = None,
    min_duration: float = 10.0,
) -> Bunch:
    """Make recordings of the ECG channel of `mne.io.Raw`, one for each annotated stretch.

    Whatever MNE reads comes in by this door: BIDS, EDF, BrainVision, FIF, ...

    Parameters
    ----------
    raw : mne.io.Raw, or list of mne.io.Raw
        One, or one for each person or file; preloaded or not. They are not modified.
    picks : str, default=None
        Name of the channel. None: the one whose type is "ecg".
    annotations : str or sequence of str, default=None
        Descriptions of annotations. Each stretch with one of them is a recording, and the
        description its label. None: all that there is, without a label.
    subject : str or int, or sequence of one for each raw, default=None
        The person: of all raws, or of each. None: the ``his_id`` or ``id`` of
        ``raw.info["subject_info"]``.
    min_duration : float, default=10.0
        Seconds, the papers' window [1]_. Shorter recordings are left out: no window fits.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            In `unit`.
        target : ndarray of int of shape (n_recordings,) or None
            Indices into `target_names`.
        target_names : list of str or None
            The `annotations`, in the order in which they were passed.
        subject : ndarray of shape (n_recordings,)
            The person: pass it as `groups`.
        sampling_rate : float or ndarray of shape (n_recordings,)
            In Hz; an array where raws differ.
        fields : dict of ndarray of shape (n_recordings,)
            "record", a name such as "sub-01/rest"; "lead", the channel; "raw", the number of the
            raw; "start", in seconds from the start of its data, the clock of ``raw.times``; and
            "annotation", the description.
        unit : str
            "mV", or "unknown" of channels that are not in volt, which are left as they are.
        name, left_out, DESCR
            As of the loaders.

    Raises
    ------
    ValueError
        If there is not one ECG channel, an annotation is in no raw or has no duration, a subject
        is missing, or nothing is left.
    TypeError
        If a raw is none.

    Warns
    -----
    UserWarning
        Once: what was cut, and which recordings are too short.

    See Also
    --------
    epochs_around : Windows around annotations without a duration, such as stimuli.
    recordings_from_table : Recordings from a long table.

    Notes
    -----
    What is annotated as bad, with a description that begins with "BAD", is cut out, as MNE does;
    so a stretch may become several recordings. They also end where files were joined ("EDGE
    boundary"). Resample and filter after, by `Resampler` and `ECGFilter`, or before in MNE.

    References
    ----------
    .. [1] P. Sarkar and A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.

    Examples
    --------
    >>> import mne
    >>> from sklearn_ecgssl.datasets import make_cohort, recordings_from_mne
    >>> ecg = make_cohort(n_subjects=1, duration=30, random_state=0).recordings[0]
    >>> info = mne.create_info(["ECG"], sfreq=256, ch_types="ecg")
    >>> raw = mne.io.RawArray(ecg[None] / 1000, info, verbose=False)
    >>> raw = raw.set_annotations(
    ...     mne.Annotations([0, 15, 20], [14, 15, 1], ["rest", "task", "BAD_loose"])
    ... )
    >>> data = recordings_from_mne(raw, annotations=["rest", "task"], subject="ann", min_duration=5)
    >>> data.fields["record"].tolist(), data.target, data.target_names
    (['ann/rest', 'ann/task', 'ann/task 2'], array([0, 1, 1]), ['rest', 'task'])
    >>> [len(recording) / data.sampling_rate for recording in data.recordings]
    [14.0, 5.0, 9.0]

    A data set in BIDS: ``raws = [mne_bids.read_raw_bids(path) for path in paths]``, with
    ``subject=[path.subject for path in paths]``.
    """
    mne = library("mne", "Raw recordings are handled", "mne")
    raws = list(raw) if isinstance(raw, list | tuple) else [raw]
    for one in raws:
        if not isinstance(one, mne.io.BaseRaw):
            raise TypeError(f"raw must be mne.io.Raw, or a list of them, got {type(one).__name__}.")
    names = None
    if annotations is not None:
        names = [annotations] if isinstance(annotations, str) else list(annotations)
        there = sorted({str(one) for each in raws for one in each.annotations.description})
        for name in names:
            check_choice("annotations", name, there)
    channels = [_channel(one, picks) for one in raws]
    in_volt = {_is_in_volt(one, name) for one, name in zip(raws, channels, strict=True)}
    if len(in_volt) > 1:
        raise ValueError(f"The channels {sorted(set(channels))} differ in unit: pass raws apart.")
    unit = "mV" if in_volt == {True} else UNKNOWN
    people = _subjects(raws, subject)

    def pieces() -> Iterator[Piece]:
        for number, (one, channel, person) in enumerate(zip(raws, channels, people, strict=True)):
            rate = nominal_rate(float(one.info["sfreq"]), one.n_times)
            for first, end, label in _stretches(one, channel, names):
                signal = one.get_data(picks=[channel], start=first, stop=end)[0]
                facts = {"raw": number, "start": first / one.info["sfreq"]}
                if label is not None:
                    facts["annotation"] = label
                scaled = (signal * 1000 if unit == "mV" else signal).astype(np.float32)
                yield Piece(person, label, scaled, rate, facts)

    n_bad = sum(np.count_nonzero(_is_bad(*each)) for each in zip(raws, channels, strict=True))
    cut = [f"{n_bad} annotation(s) of bad signal end a recording"] if n_bad else []
    data = bunch_of(
        pieces(),
        source="raw",
        unit=unit,
        lead=channels[0] if len(set(channels)) == 1 else "ECG",
        min_duration=min_duration,
        cut=cut,
    )
    if names is not None:
        data.target = np.array([names.index(one) for one in data.fields["annotation"]])
        data.target_names = names
    return data


def _channel(raw: Any, picks: str | None) -> str:
    """Name the channel that is picked, or the one of type ecg."""
    if picks is not None:
        check_choice("picks (one channel; call again for another)", picks, raw.ch_names)
        return picks
    of_type = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    found = [name for name, kind in of_type.items() if kind == "ecg"]
    if len(found) != 1:
        raise ValueError(
            f"raw has {len(found)} channels of type ecg: pass picks=, the name of one of "
            f"{', '.join(found or of_type)}."
        )
    return found[0]


def _is_in_volt(raw: Any, channel: str) -> bool:
    volt = 107  # FIFF_UNIT_V
    return int(raw.info["chs"][raw.ch_names.index(channel)]["unit"]) == volt


def _subjects(raws: Sequence[Any], subject: Any) -> np.ndarray:
    """Return the person of each raw: as passed, or as the raw says."""
    if subject is None:
        infos = [one.info.get("subject_info") or {} for one in raws]
        # EDF has an X for who is not named: all of them would be one person.
        names = [info.get("his_id") or info.get("id") for info in infos]
        people: Any = [None if name == "X" else name for name in names]
        if None in people:
            raise ValueError(
                f'subject: raw {people.index(None)} has none in raw.info["subject_info"]: pass '
                "subject=, the person of each raw."
            )
    else:
        people = subject if np.ndim(subject) else [subject] * len(raws)
    return check_subjects(people, "subject", len(raws), "raw")


def _is_bad(raw: Any, channel: str) -> np.ndarray:
    """Mark the annotations of bad signal, of this channel or of all."""
    of_channel = [not names or channel in names for names in raw.annotations.ch_names]
    is_bad = [str(one).lower().startswith(_BAD) for one in raw.annotations.description]
    return np.array(is_bad, dtype=bool) & np.array(of_channel, dtype=bool)


def _stretches(
    raw: Any, channel: str, names: Sequence[str] | None
) -> Iterator[tuple[int, int, str | None]]:
    """Yield the first sample, the end and the label of each stretch, without what is bad in it."""
    rate, descriptions = float(raw.info["sfreq"]), raw.annotations.description
    begins = np.round(raw.annotations.onset * rate).astype(int) - raw.first_samp
    ends = begins + np.round(raw.annotations.duration * rate).astype(int)
    is_bad = _is_bad(raw, channel)
    bad = sorted(zip(begins[is_bad].tolist(), ends[is_bad].tolist(), strict=True))
    wanted: list[tuple[int, int, str | None]] = [(0, raw.n_times, None)]
    if names is not None:
        which = [i for i, name in enumerate(descriptions) if name in names]
        wanted = [(begins[i], ends[i], str(descriptions[i])) for i in which]
    for begin, end, label in wanted:
        if begin == end:
            raise ValueError(
                f"annotations: {label!r} has no duration at {begin / rate:g} s. Set it in "
                "raw.annotations; or cut windows around it, see epochs_around."
            )
        begin, end = max(int(begin), 0), min(int(end), raw.n_times)
        for bad_begin, bad_end in bad:
            if begin < bad_begin < end:
                yield begin, bad_begin, label
            if bad_begin < end:
                begin = max(begin, bad_end)
        if begin < end:
            yield begin, end, label
