"""A server on the loopback that lays out databases as PhysioNet does, and can fail."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from sklearn_ecgssl.datasets.physionet import _download, _files


class Server(ThreadingHTTPServer):
    """Serves files below a folder.

    `breaks` has for a path after how many bytes each answer ends, `status` another status, `moved`
    the place that it redirects to, `bodies` what is sent in place of the file, `headers` what is
    said besides. `requests` are the paths that were asked for, with the range, `asked_with` all
    that was said with them; `sent` is how many bytes of each path went out.
    """

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = root
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.breaks: dict[str, list[int]] = {}
        self.status: dict[str, int | list[int]] = {}
        self.moved: dict[str, str] = {}
        self.bodies: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.ranges = True
        self.says_length = True
        self.chunked = False
        self.requests: list[tuple[str, str]] = []
        self.asked_with: list[dict[str, str]] = []
        self.sent: dict[str, int] = {}

    def asked(self) -> list[str]:
        return [path for path, _ in self.requests]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        server, path = self.server, unquote(self.path).lstrip("/")
        wanted = self.headers.get("Range", "")
        server.requests.append((path, wanted))
        server.asked_with.append(dict(self.headers))
        if path in server.moved:
            return self._answer(302, b"", {"Location": server.moved[path]})
        status = server.status.get(path, 200)
        if isinstance(status, list):
            status = status.pop(0) if status else 200
        if status != 200:
            return self._answer(status, b"<html>no</html>", server.headers.get(path, {}))
        try:
            body = server.bodies.get(path) or (server.root / path).read_bytes()
        except OSError:
            return self._answer(404, b"<html>404</html>", {})
        headers = {"ETag": f'"{hash(body)}"', **server.headers.get(path, {})}
        if (
            wanted
            and server.ranges
            and self.headers.get("If-Range", headers["ETag"]) == (headers["ETag"])
        ):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self._answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
            headers = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}", **headers}
            return self._answer(206, body[start:], headers)
        return self._answer(200, body, headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        path = unquote(self.path).lstrip("/")
        if self.server.chunked:
            self.protocol_version = "HTTP/1.1"
            headers = {"Transfer-Encoding": "chunked", "Connection": "close", **headers}
        self.send_response(status)
        if self.server.says_length and not self.server.chunked:
            headers = {"Content-Length": str(len(body)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        end = b"0\r\n\r\n"
        if status in (200, 206) and self.server.breaks.get(path):
            body, end = body[: self.server.breaks[path].pop(0)], b""
        if status in (200, 206):
            self.server.sent[path] = self.server.sent.get(path, 0) + len(body)
        if self.server.chunked:
            body = b"%x\r\n%s\r\n" % (len(body), body) + end if body else end
        self.wfile.write(body)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """No pause between attempts, no proxy of this machine, no folder of its user."""
    monkeypatch.setattr(_download, "DELAYS", (0.0,) * len(_download.DELAYS))
    monkeypatch.setattr(_files, "_WAIT", 0.005)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SKLEARN_ECGSSL_HOME", raising=False)


@pytest.fixture
def server(tmp_path):
    root = tmp_path / "server"
    root.mkdir()
    with Server(root) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"
