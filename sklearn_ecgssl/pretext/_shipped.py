"""The encoders that come with the package."""

from pathlib import Path

FOLDER = Path(__file__).parent / "encoders"
CARD = "MODEL_CARD.md"


def list_pretrained() -> list[str]:
    """Name the pretrained encoders that come with the package.

    They learnt from openly licensed ECG. Whoever publishes what was made with them names the data
    sets; `model_card` says which, and what they must not be used for.

    Returns
    -------
    list of str
        Names, for ``SSLEmbedder("recognition-open")``, `ECGClassifier` and `load_pretrained`.

    Examples
    --------
    >>> from sklearn_ecgssl.pretext import list_pretrained
    >>> list_pretrained()
    ['masked-open', 'recognition-open']
    """
    return sorted(card.parent.name for card in FOLDER.glob(f"*/{CARD}"))


def model_card(name: str) -> str:
    """Tell where an encoder that comes with the package is from, and what it is worth.

    Parameters
    ----------
    name : str
        One of `list_pretrained`.

    Returns
    -------
    str
        Markdown: data and licences, people and hours, settings, scores, what not to use it for.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> from sklearn_ecgssl.pretext import model_card
    >>> print(model_card("recognition-open").splitlines()[0])
    # recognition-open
    """
    if not is_shipped(name):
        raise ValueError(f"name must be one of {list_pretrained()}, got {name!r}.")
    return (FOLDER / name / CARD).read_text(encoding="utf-8")


def is_shipped(name: object) -> bool:
    """Tell whether something is the name of an encoder that comes with the package."""
    return isinstance(name, str) and name in list_pretrained()


def shipped_folder(name: str) -> Path:
    """Give the folder of an encoder that comes with the package."""
    return FOLDER / name
