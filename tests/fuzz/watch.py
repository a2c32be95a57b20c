"""Guards around a reader: its memory, its time, and what it does beside reading.

The limit of memory is on addresses (RLIMIT_AS), so much above what the process has when it begins:
with one thread torch takes no more than it uses, and a numpy array of an absurd size is refused at
once, rather than when its pages are touched. A reader that meets the limit has failed even where
it answers with a documented error: elsewhere it would have taken the memory. The growth of the peak
is measured besides, by a counter of Linux that can be reset; where there is none, the peak of the
whole process has to do.
"""

import ctypes
import faulthandler
import os
import resource
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

#: Bytes that may be added to the addresses of the process, and to its memory, by one input.
SPARE_ADDRESSES = 1_500_000_000
MOST_GROWTH = 400_000_000

#: What no reader of files has any business to do.
FORBIDDEN = {"pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"}
FORBIDDEN |= {"subprocess.Popen", "socket.connect", "socket.bind", "shutil.rmtree", "os.putenv"}
#: What it may do inside its folder alone; the paths are the first arguments.
CHANGES = {"os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.rename": 2, "os.link": 2}
CHANGES |= {"os.symlink": 2, "os.chmod": 1, "os.truncate": 1, "os.chown": 1}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooSlowError(BaseException):
    """A reader took too long; no exception that a reader might catch."""


class Auditor:
    """Note what Python does that is forbidden; at work from `begin` to the end of the process."""

    def __init__(self):
        self.folder = None
        self.seen = []

    def begin(self):
        sys.addaudithook(self._hear)

    @contextmanager
    def watching(self, folder):
        self.seen, self.folder = [], os.path.realpath(folder)
        try:
            yield self.seen
        finally:
            self.folder = None

    def _hear(self, event, arguments):
        if self.folder is None:
            return
        if event in FORBIDDEN:
            self.seen.append(f"{event} {arguments!r:.200}")
        elif event in CHANGES:
            paths = arguments[: CHANGES[event]]
            self.seen += [f"{event} {path!r}" for path in paths if self._is_outside(path)]
        elif event == "open" and self._is_outside(arguments[0]):
            flags = arguments[2]
            if isinstance(flags, int) and flags & WRITES:
                self.seen.append(f"open for writing {arguments[0]!r}")

    def _is_outside(self, path):
        if isinstance(path, int) or path is None:
            return False
        # Without realpath, which would be heard as well.
        whole = os.path.normpath(os.path.join(self.folder, os.fsdecode(path)))
        return whole != self.folder and not whole.startswith(self.folder + os.sep)


def limit_addresses():
    """Allow this process a little more memory than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + SPARE_ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


@contextmanager
def time_limit(seconds):
    """Raise TooSlowError after some seconds; end the process when that is not heard either."""

    def too_slow(*_):
        raise TooSlowError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_slow)
    faulthandler.dump_traceback_later(3 * seconds, exit=True)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def reset_peak():
    """Begin to measure the peak of memory anew, where the system can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # what was freed, and is kept, would hide what is taken
        trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak():
    """The peak of memory in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def now():
    """The memory that is taken now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
