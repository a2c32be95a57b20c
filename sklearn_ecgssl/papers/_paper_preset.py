"""The presets by name."""

from collections.abc import Callable

from ._icassp2020 import icassp2020
from ._icpr2022 import icpr2022
from ._preset import PaperPreset
from ._tac2020 import tac2020

PRESETS: dict[str, Callable[[], PaperPreset]] = {
    "icassp2020": icassp2020,
    "tac2020": tac2020,
    "icpr2022": icpr2022,
}


def paper_preset(name: str) -> PaperPreset:
    """Return how a paper did it: preprocessing, pretrainer, heads, protocol, published figures.

    Parameters
    ----------
    name : {"icassp2020", "tac2020", "icpr2022"}
        Sarkar & Etemad's conference paper [1]_, their journal paper [2]_, or the Transformer of
        Vazquez-Rodriguez et al. [3]_.

    Returns
    -------
    PaperPreset
        One object, made anew, so that nothing of another is changed.

    Raises
    ------
    ValueError
        For another name.

    See Also
    --------
    reproduce : Run it on the real data sets.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.
    .. [2] P. Sarkar, A. Etemad, "Self-supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.
    .. [3] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> from sklearn_ecgssl.papers import paper_preset
    >>> preset = paper_preset("tac2020")
    >>> preset.filter
    ECGFilter()
    >>> preset.heads["dreamer"].hidden
    (512, 512, 512)
    >>> preset.pretraining_sets
    ('amigos', 'dreamer', 'wesad', 'swell')
    """
    if name not in PRESETS:
        raise ValueError(f"name must be one of {', '.join(PRESETS)}, got {name!r}.")
    return PRESETS[name]()
