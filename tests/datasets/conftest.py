"""A server on the loopback that lays out data sets as PhysioNet does, and can fail."""

import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        path = unquote(self.path).lstrip("/")
        self.server.requests.append(path)
        if self.server.status.get(path):
            self.send_error(self.server.status[path].pop(0))
        else:
            super().do_GET()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serves `root`; `status` has for a path its next errors, `requests` what was asked for.

    No pause between attempts, no proxy of this machine, no folder of its user.
    """
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SKLEARN_ECGSSL_HOME", raising=False)
    root = tmp_path / "server"
    root.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=root)) as running:
        running.root, running.url = root, f"http://127.0.0.1:{running.server_address[1]}"
        running.status, running.requests = {}, []
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"
