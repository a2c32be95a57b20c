"""What readers of files raise."""


class UnreadableFileError(ValueError):
    """A file is not what it should be: truncated, altered, foreign, or of a newer version.

    The message names the file, what is wrong with it and, where something can be done, what.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_ecgssl import PretextPretrainer, UnreadableFileError
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "config.json").write_text("{}")
    ...     try:
    ...         PretextPretrainer.from_pretrained(folder)
    ...     except UnreadableFileError as error:
    ...         print(type(error).__name__)
    UnreadableFileError
    """
