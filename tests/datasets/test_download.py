"""Download, against a real server on this machine that misbehaves on request."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from local_host import Host, Request

from brainbench.datasets import Card, cache_folder, fetch
from brainbench.datasets.cards import CardFile
from brainbench.errors import DataError, DownloadError, UsageError

# what a URL must quote: a per cent sign is in the real paths, the others may be
PATH = "top-10%/all beta #1/sub-1.mat"
CONTENT = np.random.default_rng(0).bytes(300_000)
OTHER = np.random.default_rng(1).bytes(len(CONTENT))


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BRAINBENCH_CACHE", str(folder))
    return folder


@pytest.fixture
def closed() -> str:
    """A host that nobody answers for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def toy(*urls: str, **files: bytes) -> Card:
    """A card of the toy file, or of the files given."""
    held = files or {PATH: CONTENT}
    return Card(
        name="toy",
        title="A toy",
        version="1.0",
        homepage="https://example.org",
        licence="CC0-1.0",
        redistributable=True,
        citation="@misc{toy}",
        urls=urls,
        files=tuple(
            CardFile(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
            for path, content in held.items()
        ),
    )


def mirrored(folder: Path, content: bytes = CONTENT) -> Path:
    path = folder / "toy" / PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return folder


def partial(cache: Path) -> Path:
    return cache / "partial" / toy().files[0].sha256


def leftovers(cache: Path) -> list[Path]:
    """Every file in the cache but locks."""
    return [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


class TestPlain:
    def test_a_file_arrives_whole_and_nothing_else(self, host: Host, cache: Path) -> None:
        host.files[f"/data/{PATH}"] = CONTENT
        local = fetch(toy(f"{host.root}/data/"))
        assert list(local) == [PATH]
        assert local[PATH].read_bytes() == CONTENT
        assert leftovers(cache) == [local[PATH]]
        assert host.requests == [Request(f"/data/{PATH}", None, 200, len(CONTENT))]

    def test_only_the_files_asked_for_are_fetched_in_order(self, host: Host, cache: Path) -> None:
        host.files.update({f"/{name}": name.encode() for name in "abc"})
        card = toy(host.root, a=b"a", b=b"b", c=b"c")
        calls: list[tuple[str, int, int]] = []
        local = fetch(card, ["c", "a"], lambda *call: calls.append(call))
        assert [path.read_bytes() for path in local.values()] == [b"c", b"a"]
        assert calls == [("c", 1, 2), ("a", 2, 2)]
        assert [request.path for request in host.requests] == ["/c", "/a"]
        assert len(leftovers(cache)) == 2

    def test_files_before_a_failure_stay(self, host: Host, cache: Path) -> None:
        host.files["/a"] = b"a"
        with pytest.raises(DownloadError, match="toy: b is not in the cache"):
            fetch(toy(host.root, a=b"a", b=b"b"))
        assert [path.read_bytes() for path in leftovers(cache)] == [b"a"]

    def test_a_file_that_the_card_does_not_list_is_refused(self, host: Host) -> None:
        with pytest.raises(DataError, match="lists no file 'x'"):
            fetch(toy(host.root), ["x"])
        assert host.requests == []

    def test_two_versions_do_not_share_files(self, host: Host) -> None:
        host.files[f"/{PATH}"] = CONTENT
        card = toy(host.root)
        newer = card.model_copy(update={"version": "1.1"})
        assert fetch(card)[PATH] != fetch(newer)[PATH]

    def test_several_at_once_all_get_it(self, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = CONTENT
        (cache / "datasets" / "toy" / "1.0" / PATH).parent.mkdir(parents=True)
        assert all(content == CONTENT for content in self.together(toy(host.root)))
        assert len(leftovers(cache)) == 1

    def test_several_at_once_may_make_the_folder(self, host: Host) -> None:
        for number in range(10):
            path = f"folder {number}/inner/file"
            host.files[f"/{path}"] = CONTENT
            assert all(
                found == CONTENT for found in self.together(toy(host.root, **{path: CONTENT}))
            )

    def together(self, card: Card) -> list[bytes]:
        """Fetch the card's file from six threads that start at once."""
        start = threading.Barrier(6)

        def one(_: int) -> bytes:
            start.wait()
            return next(iter(fetch(card).values())).read_bytes()

        with ThreadPoolExecutor(6) as pool:
            return list(pool.map(one, range(6)))

    def test_an_empty_file(self, host: Host) -> None:
        host.files["/empty"] = b""
        assert fetch(toy(host.root, empty=b""))["empty"].read_bytes() == b""


class TestCached:
    def test_whole_files_are_not_asked_for_again(self, host: Host) -> None:
        host.files[f"/{PATH}"] = CONTENT
        first = fetch(toy(host.root))
        assert fetch(toy(host.root)) == first
        assert len(host.requests) == 1

    def test_they_need_no_network(self, host: Host, closed: str) -> None:
        host.files[f"/{PATH}"] = CONTENT
        fetch(toy(host.root))
        assert fetch(toy(closed))[PATH].read_bytes() == CONTENT

    @pytest.mark.parametrize("damaged", [b"", CONTENT[:1000], OTHER, CONTENT + b"x"])
    def test_a_damaged_one_is_replaced(self, damaged: bytes, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = CONTENT
        path = fetch(toy(host.root))[PATH]
        path.write_bytes(damaged)
        assert fetch(toy(host.root))[PATH].read_bytes() == CONTENT
        assert len(host.requests) == 2
        assert leftovers(cache) == [path]

    def test_a_damaged_one_is_never_handed_out(self, host: Host, closed: str) -> None:
        host.files[f"/{PATH}"] = CONTENT
        fetch(toy(host.root))[PATH].write_bytes(OTHER)
        with pytest.raises(DownloadError, match="brainbench fetch toy"):
            fetch(toy(closed))


class TestWrongFile:
    def check(self, error: DownloadError, found: bytes) -> None:
        """The error names the file, what was expected and what was found."""
        text = str(error)
        assert f"toy: {PATH} " in text
        for content in (CONTENT, found):
            assert hashlib.sha256(content).hexdigest() in text
            assert f"({len(content)} bytes)" in text

    @pytest.mark.parametrize("found", [OTHER, CONTENT + b"more"], ids=["same size", "longer"])
    def test_from_a_host(self, found: bytes, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = found
        with pytest.raises(DownloadError) as caught:
            fetch(toy(host.root))
        self.check(caught.value, found)
        assert f"{host.root}/{PATH}" in str(caught.value)
        assert leftovers(cache) == []

    def test_a_shorter_one_from_a_host(self, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = b"Repository moved."
        with pytest.raises(DownloadError) as caught:
            fetch(toy(host.root))
        self.check(caught.value, b"Repository moved.")
        assert leftovers(cache) == []

    @pytest.mark.parametrize(
        "found", [OTHER, CONTENT + b"more", CONTENT[:99], b""],
        ids=["same size", "longer", "shorter", "empty"],
    )  # fmt: skip
    def test_from_a_mirror_folder(
        self, found: bytes, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mirror = mirrored(tmp_path / "mirror", found)
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(mirror))
        with pytest.raises(DownloadError, match="BRAINBENCH_MIRROR") as caught:
            fetch(toy())
        self.check(caught.value, found)
        assert str(mirror) in str(caught.value)
        assert leftovers(cache) == []

    def test_it_does_not_replace_a_damaged_one(self, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = CONTENT
        path = fetch(toy(host.root))[PATH]
        path.write_bytes(b"damaged")
        host.files[f"/{PATH}"] = OTHER
        with pytest.raises(DownloadError) as caught:
            fetch(toy(host.root))
        self.check(caught.value, OTHER)
        assert OTHER not in [left.read_bytes() for left in leftovers(cache)]


class TestResume:
    CUT = 200_000
    PIECE = 1 << 16  # what arrived is kept but for the piece under way

    def cut(self, host: Host, cache: Path) -> int:
        """Fetch from a host whose connection breaks; bytes that were kept."""
        host.files[f"/{PATH}"] = CONTENT
        host.cut_after = self.CUT
        with pytest.raises(DownloadError):
            fetch(toy(host.root))
        assert leftovers(cache) == [partial(cache)]
        kept = partial(cache).read_bytes()
        assert self.CUT - self.PIECE < len(kept) <= self.CUT
        assert CONTENT.startswith(kept)
        return len(kept)

    def leave(self, cache: Path, content: bytes) -> None:
        """A partial file as an earlier process would leave it."""
        partial(cache).parent.mkdir(parents=True)
        partial(cache).write_bytes(content)

    def test_the_rest_alone_is_asked_for_and_sent(self, host: Host, cache: Path) -> None:
        kept = self.cut(host, cache)
        local = fetch(toy(host.root))
        assert local[PATH].read_bytes() == CONTENT
        assert leftovers(cache) == [local[PATH]]
        assert host.requests == [
            Request(f"/{PATH}", None, 200, self.CUT),
            Request(f"/{PATH}", f"bytes={kept}-", 206, len(CONTENT) - kept),
        ]

    def test_a_transfer_may_be_cut_twice(self, host: Host, cache: Path) -> None:
        kept = self.cut(host, cache)
        host.cut_after = 90_000
        with pytest.raises(DownloadError):
            fetch(toy(host.root))
        more = partial(cache).stat().st_size
        assert kept < more < len(CONTENT)
        assert fetch(toy(host.root))[PATH].read_bytes() == CONTENT
        assert host.requests[-1] == Request(f"/{PATH}", f"bytes={more}-", 206, len(CONTENT) - more)

    def test_a_cut_is_seen_where_the_host_tells_no_length(self, host: Host, cache: Path) -> None:
        host.tells_length = False
        assert self.cut(host, cache) == self.CUT
        local = fetch(toy(host.root))
        assert local[PATH].read_bytes() == CONTENT
        assert host.requests[-1].sent == len(CONTENT) - self.CUT

    def test_another_host_takes_over_in_the_same_call(self, host: Host) -> None:
        host.files.update({f"/first/{PATH}": CONTENT, f"/second/{PATH}": CONTENT})
        host.cut_after = self.CUT
        local = fetch(toy(f"{host.root}/first", f"{host.root}/second"))
        assert local[PATH].read_bytes() == CONTENT
        first, second = host.requests
        assert (first.path, first.status) == (f"/first/{PATH}", 200)
        assert (second.path, second.status) == (f"/second/{PATH}", 206)
        assert second.sent < self.CUT

    def test_a_host_that_ignores_range_sends_it_whole(self, host: Host, cache: Path) -> None:
        kept = self.cut(host, cache)
        host.knows_range = False
        local = fetch(toy(host.root))
        assert local[PATH].read_bytes() == CONTENT
        assert leftovers(cache) == [local[PATH]]
        assert host.requests[-1] == Request(f"/{PATH}", f"bytes={kept}-", 200, len(CONTENT))

    def test_a_shorter_wrong_file_does_no_harm_once_the_host_is_right(self, host: Host) -> None:
        host.files[f"/{PATH}"] = b"Repository moved."
        for _ in range(2):
            with pytest.raises(DownloadError):
                fetch(toy(host.root))
        host.files[f"/{PATH}"] = CONTENT
        assert fetch(toy(host.root))[PATH].read_bytes() == CONTENT

    def test_a_stale_half_costs_one_whole_transfer(self, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = CONTENT
        self.leave(cache, OTHER[: self.CUT])
        local = fetch(toy(host.root))
        assert local[PATH].read_bytes() == CONTENT
        assert leftovers(cache) == [local[PATH]]
        assert host.requests == [
            Request(f"/{PATH}", f"bytes={self.CUT}-", 206, len(CONTENT) - self.CUT),
            Request(f"/{PATH}", None, 200, len(CONTENT)),
        ]

    @pytest.mark.parametrize("left", [b"", CONTENT, OTHER, OTHER + OTHER])
    def test_what_is_no_half_is_not_resumed(self, left: bytes, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = CONTENT
        self.leave(cache, left)
        local = fetch(toy(host.root))
        assert local[PATH].read_bytes() == CONTENT
        assert leftovers(cache) == [local[PATH]]
        assert host.requests == [Request(f"/{PATH}", None, 200, len(CONTENT))]

    def test_a_stale_half_of_a_wrong_file_ends_in_an_error(self, host: Host, cache: Path) -> None:
        host.files[f"/{PATH}"] = OTHER
        self.leave(cache, CONTENT[: self.CUT])
        with pytest.raises(DownloadError, match=hashlib.sha256(OTHER).hexdigest()):
            fetch(toy(host.root))
        assert len(host.requests) == 2
        assert leftovers(cache) == []

    def test_a_cut_transfer_says_how_to_go_on(self, host: Host) -> None:
        host.files[f"/{PATH}"] = CONTENT
        host.cut_after = self.CUT
        with pytest.raises(DownloadError, match="cut off; run again to resume"):
            fetch(toy(host.root))


class TestSources:
    def test_404_falls_to_the_next_url(self, host: Host) -> None:
        host.files[f"/second/{PATH}"] = CONTENT
        local = fetch(toy(f"{host.root}/first", f"{host.root}/second"))
        assert local[PATH].read_bytes() == CONTENT
        assert [request.status for request in host.requests] == [404, 200]

    def test_no_answer_falls_to_the_next_url(self, host: Host, closed: str) -> None:
        host.files[f"/{PATH}"] = CONTENT
        assert fetch(toy(closed, host.root))[PATH].read_bytes() == CONTENT

    def test_404_everywhere_is_told(self, host: Host, cache: Path) -> None:
        urls = (f"{host.root}/first", f"{host.root}/second")
        with pytest.raises(DownloadError) as caught:
            fetch(toy(*urls))
        for url in urls:
            assert f"{url}/{PATH}: HTTP 404" in str(caught.value)
        assert leftovers(cache) == []

    def test_a_mirror_folder_is_tried_first(
        self, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host.files[f"/{PATH}"] = CONTENT
        monkeypatch.setenv("BRAINBENCH_MIRROR", f"{mirrored(tmp_path / 'mirror')}/")
        assert fetch(toy(host.root))[PATH].read_bytes() == CONTENT
        assert host.requests == []

    def test_a_mirror_may_be_a_url(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        host.files.update({f"/mirror/toy/{PATH}": CONTENT, f"/source/{PATH}": CONTENT})
        monkeypatch.setenv("BRAINBENCH_MIRROR", f"{host.root}/mirror/")
        assert fetch(toy(f"{host.root}/source"))[PATH].read_bytes() == CONTENT
        assert [request.path for request in host.requests] == [f"/mirror/toy/{PATH}"]

    @pytest.mark.parametrize("kind", ["empty folder", "no folder", "url"])
    def test_what_a_mirror_lacks_comes_from_upstream(
        self, kind: str, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host.files[f"/source/{PATH}"] = CONTENT
        mirror = {
            "empty folder": str(tmp_path),
            "no folder": str(tmp_path / "none"),
            "url": f"{host.root}/mirror",
        }[kind]
        monkeypatch.setenv("BRAINBENCH_MIRROR", mirror)
        assert fetch(toy(f"{host.root}/source"))[PATH].read_bytes() == CONTENT
        assert host.requests[-1] == Request(f"/source/{PATH}", None, 200, len(CONTENT))

    def test_a_mirror_that_is_a_file_is_told_as_that(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "mirror").write_text("")
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(tmp_path / "mirror"))
        with pytest.raises(DownloadError) as caught:
            fetch(toy())
        assert "BRAINBENCH_CACHE" not in str(caught.value)
        assert str(tmp_path / "mirror") in str(caught.value)

    def test_a_mirror_may_be_in_the_home_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mirrored(tmp_path / "mirror")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("BRAINBENCH_MIRROR", "~/mirror")
        assert fetch(toy())[PATH].read_bytes() == CONTENT


class TestOffline:
    def test_it_is_told_with_the_ways_out(self, closed: str, cache: Path) -> None:
        with pytest.raises(DownloadError) as caught:
            fetch(toy(closed))
        text = str(caught.value)
        assert f"toy: {PATH} is not in the cache, or not whole ({cache}/" in text
        assert f"{closed}/{PATH}: no connection" in text
        assert "`brainbench fetch toy`" in text
        assert "BRAINBENCH_MIRROR" in text
        assert f"toy/{PATH}" in text
        assert leftovers(cache) == []

    def test_a_card_without_urls_says_so(self) -> None:
        with pytest.raises(DownloadError, match=r"the card has no URL[\s\S]*BRAINBENCH_MIRROR"):
            fetch(toy())

    def test_a_mirror_without_the_file_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(tmp_path))
        with pytest.raises(DownloadError) as caught:
            fetch(toy())
        assert f"{tmp_path}/toy/{PATH}: No such file" in str(caught.value)


class TestCacheFolder:
    def test_it_is_what_the_user_set(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert cache_folder() == cache
        monkeypatch.setenv("HOME", "/home/somebody")
        monkeypatch.setenv("BRAINBENCH_CACHE", "~/kept")
        assert cache_folder() == Path("/home/somebody/kept")

    @pytest.mark.parametrize("setting", [None, ""])
    def test_else_the_users_own(self, setting: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BRAINBENCH_CACHE")
        if setting is not None:
            monkeypatch.setenv("BRAINBENCH_CACHE", setting)
        assert cache_folder() == platformdirs.user_cache_path("brainbench")

    @pytest.mark.parametrize("source", ["url", "mirror"])
    @pytest.mark.parametrize("place", ["a file", "below a file", "/proc/brainbench"])
    def test_one_that_cannot_be_written_is_told(
        self, place: str, source: str, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "taken").write_text("mine")
        folder = {"a file": tmp_path / "taken", "below a file": tmp_path / "taken" / "x"}.get(
            place, Path(place)
        )
        monkeypatch.setenv("BRAINBENCH_CACHE", str(folder))
        if source == "mirror":
            monkeypatch.setenv("BRAINBENCH_MIRROR", str(mirrored(tmp_path / "mirror")))
        host.files[f"/{PATH}"] = CONTENT
        with pytest.raises(DownloadError, match="set BRAINBENCH_CACHE") as caught:
            fetch(toy(host.root))
        assert f"toy: {PATH} could not be written" in str(caught.value)
        assert str(folder) in str(caught.value)
        assert (tmp_path / "taken").read_text() == "mine"

    def test_a_full_disk_is_told(
        self, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setenv("BRAINBENCH_MIRROR", str(mirrored(tmp_path / "mirror")))
        monkeypatch.setattr(shutil, "copyfile", full)
        with pytest.raises(DownloadError, match="the disk is full") as caught:
            fetch(toy())
        assert PATH in str(caught.value)
        assert "BRAINBENCH_CACHE" in str(caught.value)
        assert leftovers(cache) == []

    def test_a_disk_that_fills_up_in_a_transfer_is_told(self, host: Host, cache: Path) -> None:
        # /dev/full takes no byte, as a full disk does
        host.files[f"/{PATH}"] = CONTENT
        partial(cache).parent.mkdir(parents=True)
        partial(cache).symlink_to("/dev/full")
        with pytest.raises(DownloadError, match="the disk is full"):
            fetch(toy(host.root))


@pytest.mark.parametrize(
    ("mirror", "kind"), [("ftp://user:s3cret@host/x", "ftp"), ("http://[bad", "broken")]
)
def test_a_mirror_of_another_kind_is_refused_without_its_password(
    mirror: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINBENCH_MIRROR", mirror)
    with pytest.raises(UsageError, match=f"BRAINBENCH_MIRROR is a {kind} URL") as caught:
        fetch(toy())
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
@pytest.mark.parametrize("from_mirror", [True, False])
def test_a_file_has_the_mode_of_any_new_file(
    from_mirror: bool, umask: int, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.files[f"/{PATH}"] = CONTENT
    if from_mirror:
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(mirrored(tmp_path / "mirror")))
    before = os.umask(umask)
    try:
        local = fetch(toy(host.root))
    finally:
        os.umask(before)
    assert local[PATH].stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_file_that_may_not_be_read_is_told_as_that(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.files[f"/{PATH}"] = CONTENT
    path = fetch(toy(host.root))[PATH]
    plain = Path.open

    def refuse(self: Path, *given: Any, **named: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return plain(self, *given, **named)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DownloadError, match="is in the cache, but you may not read it") as caught:
        fetch(toy(host.root))
    assert str(path) in str(caught.value)
    assert len(host.requests) == 1, "it is not had anew"
