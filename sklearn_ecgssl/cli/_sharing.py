"""Who does the work: this process, several of this machine, or a Dask cluster."""

import argparse
from contextlib import AbstractContextManager, ExitStack

from joblib import parallel_config


def add_sharing(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of a command.
    what : str
        Of what several are worked on at once.
    """
    parser.add_argument("--jobs", type=int, help=f"{what} at once, in as many processes")
    parser.add_argument("--dask", metavar="ADDRESS", help=f"scheduler of a cluster, for {what}")


def sharing(args: argparse.Namespace) -> AbstractContextManager:
    """Have what runs inside shared out.

    Parameters
    ----------
    args : argparse.Namespace
        With the options of `add_sharing`.

    Returns
    -------
    context manager
        Inside it, joblib does as the options say.

    Raises
    ------
    ImportError
        If Dask is asked for and not installed.
    """
    with ExitStack() as stack:
        if args.dask is not None:
            try:
                from distributed import Client
            except ImportError as error:
                raise ImportError('--dask needs Dask: pip install "dask[distributed]"') from error
            stack.enter_context(Client(args.dask))
            stack.enter_context(parallel_config(backend="dask", n_jobs=args.jobs or -1))
        elif args.jobs is not None:
            stack.enter_context(parallel_config(n_jobs=args.jobs))
        return stack.pop_all()
