"""A server on the loopback that lays out data sets as PhysioNet does, and can fail."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest


class Server(ThreadingHTTPServer):
    """Serves files below a folder, and counts.

    `status` has for a path the statuses of its next answers, `bodies` what is sent in the place of
    the file; `requests` are the paths that were asked for.
    """

    daemon_threads = True

    def __init__(self, root):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = root
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.status, self.bodies, self.requests = {}, {}, []


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        server, path = self.server, unquote(self.path).lstrip("/")
        server.requests.append(path)
        left = server.status.get(path, [])
        status, body = left.pop(0) if left else 200, b"<html>no</html>"
        if status == 200:
            file = server.root / path
            there = path in server.bodies or file.is_file()
            status = 200 if there else 404
            body = server.bodies.get(path) or (file.read_bytes() if there else body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """No pause between attempts, no proxy of this machine, no folder of its user."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SKLEARN_ECGSSL_HOME", raising=False)
    (tmp_path / "server").mkdir()
    with Server(tmp_path / "server") as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"
