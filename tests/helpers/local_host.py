"""A host on this machine that serves files, versions too as a bucket does, and fails on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest


@dataclass(frozen=True)
class Request:
    path: str
    range: str | None
    status: int
    sent: int
    version: str | None = None


@dataclass
class Host:
    """What a host holds, how it behaves, and what it was asked."""

    root: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files of which older versions are kept, by the name of the version."""
    faults: list[int] = field(default_factory=list)
    """Statuses that the next requests are answered with."""
    slow_after: str | None = None
    """End of a path: the answer stops half-way until a test has seen it."""
    slow: threading.Event = field(default_factory=threading.Event)
    cut_after: int | None = None
    """Bytes after which the connection breaks, once."""
    knows_range: bool = True
    tells_length: bool = True
    requests: list[Request] = field(default_factory=list)

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        path, asked = unquote(parts.path), handler.headers.get("Range")
        version = parse_qs(parts.query).get("versionId", [None])[0]
        if self.faults:
            status = self.faults.pop(0)
            self.requests.append(Request(path, asked, status, 0, version))
            handler.send_error(status)
            return
        content = self.versions.get(path, {}).get(version or "", self.files.get(path))
        if content is None:
            self.requests.append(Request(path, asked, 404, 0))
            handler.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if start and self.knows_range:
            if start >= len(content):
                self.requests.append(Request(path, asked, 416, 0))
                handler.send_error(416)
                return
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            status, body = 206, content[start:]
        else:
            handler.send_response(200)
            status, body = 200, content
        if self.tells_length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.cut_after is not None:
            body, self.cut_after = body[: self.cut_after], None
        self.requests.append(Request(path, asked, status, len(body), version))
        if self.slow_after and path.endswith(self.slow_after):
            handler.wfile.write(body[: len(body) // 2])
            self.slow.set()
            while self.slow_after:
                time.sleep(0.01)
            return
        handler.wfile.write(body)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.reply(self)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.root = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield host
        server.shutdown()
        thread.join()
