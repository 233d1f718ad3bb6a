"""A server for looking at the pages: of this machine only."""

from __future__ import annotations

import functools
import http.server
import socketserver
from pathlib import Path
from typing import Any

from brainbench.errors import UsageError

HOST = "127.0.0.1"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files of one folder, without lists of folders and without a line for each request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def list_directory(self, path: Any) -> None:
        """A folder without an index is not found."""
        self.send_error(404)

    def end_headers(self) -> None:
        """Nothing is guessed, and nothing kept: the next build is seen at once."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def open_server(folder: Path, port: int = 8000) -> http.server.HTTPServer:
    """A server of a folder on 127.0.0.1; ``serve_forever`` runs it.

    Parameters
    ----------
    port : 0 takes any that is free; ``server_address`` has it.

    Raises
    ------
    UsageError
        When the folder holds no pages, or the port is taken.
    """
    if not (folder / "index.html").is_file():
        raise UsageError(
            f"{folder} holds no pages; `brainbench leaderboard build --output-path {folder}` "
            "writes them"
        )
    try:
        return _Server((HOST, port), functools.partial(_Handler, directory=str(folder)))
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"port {port} cannot be used: {reason}; give another --port") from error
