"""What a command of the shell is."""

import argparse
from abc import ABC, abstractmethod


class Command(ABC):
    """Base class of commands.

    Attributes
    ----------
    name : str
        How it is called.
    summary : str
        What it does, in a line.
    required : tuple of str
        Arguments that it cannot do without, from the command line or the TOML file.
    """

    name: str
    summary: str
    required: tuple[str, ...]

    @abstractmethod
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say what it takes."""

    @abstractmethod
    def run(self, args: argparse.Namespace) -> None:
        """Do it."""


class StoppedError(Exception):
    """A command was stopped half-way, and the same one, started again, goes on."""


class CommandError(Exception):
    """A command cannot do what it was asked for; the message is for the user."""
