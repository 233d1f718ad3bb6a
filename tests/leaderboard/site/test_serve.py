"""A server for this machine only."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainbench.errors import UsageError
from brainbench.leaderboard.site.serve import open_server


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "site" / "data").mkdir(parents=True)
    (tmp_path / "site" / "index.html").write_text("<title>board</title>")
    (tmp_path / "site" / "data" / "x.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    with open_server(tmp_path / "site", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        host, port = server.server_address[:2]
        assert host == "127.0.0.1"
        yield f"http://127.0.0.1:{port}"
        server.shutdown()
        thread.join()


def test_pages_are_served_and_nothing_else(address: str) -> None:
    with urllib.request.urlopen(f"{address}/") as answer:
        assert answer.read() == b"<title>board</title>"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    for path in ("/data/", "/../secret.txt", "/%2e%2e/secret.txt", "/gone.html"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}{path}")


def test_what_cannot_be_served(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no pages; `brainbench leaderboard build"):
        open_server(tmp_path / "nowhere")
    port = int(address.rpartition(":")[2])
    with pytest.raises(UsageError, match=f"port {port} cannot be used"):
        open_server(tmp_path / "site", port)
