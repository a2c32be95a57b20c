"""The command line: parsing, errors and exit codes."""

import argparse
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .. import __version__
from ._command import Command, CommandError, StoppedError
from ._config import apply_config
from ._embed import Embed
from ._evaluate import Evaluate
from ._info import Info
from ._prepare import Prepare
from ._pretrain import Pretrain

#: What the process says to whoever started it.
DONE, FAILED, MISUSED, STOPPED, INTERRUPTED = 0, 1, 2, 75, 130

EPILOG = """\
exit codes: 0 done; 1 failed, for the reason printed last; 2 the command line or its TOML file is
wrong; 75 stopped by a signal with a checkpoint: the same command goes on (sysexits.h, EX_TEMPFAIL);
130 stopped without one.
"""

COMMANDS: tuple[Command, ...] = (Prepare(), Pretrain(), Embed(), Evaluate(), Info())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        Those of the command line; None takes the process's.

    Returns
    -------
    int
        The exit code.
    """
    parser, commands = _parsers()
    args = parser.parse_args(arguments)
    try:
        apply_config(commands[args.command], args)
    except CommandError as error:
        commands[args.command].error(str(error))
    args = parser.parse_args(arguments)
    missing = [name for name in args.command_.required if not getattr(args, name)]
    if missing:
        commands[args.command].error(f"{', '.join(missing)}: missing, here and in --config")
    # What a scheduler sends before it kills: unwind as for Ctrl-C, so that what there is is kept.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        args.command_.run(args)
    except StoppedError as stopped:
        print(stopped, file=sys.stderr)
        return STOPPED
    except CommandError as error:
        print(error, file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        print("stopped; nothing to go on with", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if args.traceback:
            traceback.print_exc()
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    return DONE


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_ecgssl",
        description="Self-supervised learning on ECG, for job schedulers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sklearn_ecgssl {__version__}")
    of_commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands = {}
    for command in COMMANDS:
        one = of_commands.add_parser(
            command.name,
            help=command.summary,
            description=command.summary,
            formatter_class=_Formatter,
        )
        command.add_arguments(one)
        one.add_argument("--config", type=Path, help=f"TOML file; its table [{command.name}]")
        one.add_argument("--traceback", action="store_true", help="say where an error was raised")
        one.set_defaults(command_=command)
        commands[command.name] = one
    return parser, commands


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Names defaults, but for those that say nothing."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        silent = action.default in (None, False, []) or not action.option_strings
        return action.help if silent else super()._get_help_string(action)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
