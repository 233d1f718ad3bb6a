"""Lists of images, and how their files are brought from a bucket that keeps versions."""

from __future__ import annotations

import errno
import hashlib
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from local_host import Host

from brainbench.datasets import images
from brainbench.datasets.cards import list_cards, load_card, own_cards
from brainbench.datasets.images import (
    ImageError,
    ImageFile,
    ImageList,
    fetch_image,
    load_images,
    parse_images,
)
from brainbench.errors import DataError, DownloadError, UsageError

CONTENT = bytes(range(256)) * 400
HEADER = "path\tsize\tmd5\tversion\n"
ROW = f"sub-1/a.nii.gz\t3\t{'0' * 32}\tv1\n"


def entry(content: bytes = CONTENT, version: str = "v.1") -> ImageFile:
    md5 = hashlib.md5(content).hexdigest()
    return ImageFile(path="sub-1/func/a b.nii.gz", size=len(content), md5=md5, version=version)


@pytest.fixture
def bucket(host: Host) -> Host:
    host.versions["/study-fmriprep/sub-1/func/a b.nii.gz"] = {"v.1": CONTENT, "v.2": b"newer"}
    return host


def listed(host: Host) -> ImageList:
    return ImageList("study", f"{host.root}/study-fmriprep", (entry(),))


def bring(host: Host, folder: Path, one: ImageFile | None = None, pauses: int = 0) -> Path:
    with requests.Session() as session:
        return fetch_image(listed(host), one or entry(), folder, session, pauses=[0.0] * pauses)


class TestLists:
    @pytest.mark.parametrize("name", ["ds002886", "ds003076"])
    def test_those_that_ship_are_valid_and_complete(self, name: str) -> None:
        if name not in own_cards():
            pytest.skip(f"{name} has no card yet")
        card = load_card(name)
        found = load_images(card)
        assert found is not None
        assert re.fullmatch(r"(s3|openneuro-derivatives\.s3)\.amazonaws\.com",
                            urlsplit(found.url).hostname or "")  # fmt: skip
        assert found.url.startswith("https://")
        people = {one.path.split("/")[0] for one in found.files}
        assert people == set(card.subjects)
        images_of = [one for one in found.files if one.path.endswith("_bold.nii.gz")]
        lacking = sum(map(len, card.missing_runs.values()))
        assert len(images_of) == len(card.runs) * len(people) - lacking

    def test_the_children_have_six_files_a_run(self) -> None:
        if "ds002886" not in own_cards():
            pytest.skip("ds002886 has no card yet")
        found = load_images(load_card("ds002886"))
        assert found is not None
        endings = Counter(re.sub(r".*_run-\d+_", "", one.path) for one in found.files)
        assert set(endings.values()) == {196}
        assert len(endings) == 6
        assert sum(one.size for one in found.files) == pytest.approx(67.32e9, rel=1e-3)

    def test_other_datasets_have_none(self) -> None:
        without = [name for name in list_cards() if load_images(load_card(name)) is None]
        assert "xiao2026" in without

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("path\tsize\n", "columns are not path, size, md5, version"),
            (HEADER + ROW.replace("sub-1/", "../"), "line 2: path: .* not a relative path"),
            (HEADER + ROW.replace("sub-1/", "/sub-1/"), "not a relative path"),
            (HEADER + ROW.replace("0" * 32, "0" * 31), "line 2: md5"),
            (HEADER + ROW.replace("\t3\t", "\t-3\t"), "line 2: size"),
            (HEADER + ROW.replace("v1", "v1&x=y"), "line 2: version"),
            (HEADER + ROW + ROW, "line 3: sub-1/a.nii.gz stands twice"),
        ],
    )
    def test_what_is_not_valid_is_named(self, text: str, named: str) -> None:
        with pytest.raises(DataError, match=named):
            parse_images(text, "toy.tsv")


class TestFetch:
    def test_the_pinned_version_comes_whole(self, bucket: Host, tmp_path: Path) -> None:
        path = bring(bucket, tmp_path)
        assert path == tmp_path / "sub-1/func/a b.nii.gz"
        assert path.read_bytes() == CONTENT
        assert bucket.requests[0].version == "v.1"
        assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
        bring(bucket, tmp_path)
        assert len(bucket.requests) == 1

    def test_a_cut_transfer_goes_on_in_the_same_call(self, bucket: Host, tmp_path: Path) -> None:
        bucket.cut_after = 40_000
        assert bring(bucket, tmp_path, pauses=1).read_bytes() == CONTENT
        assert bucket.requests[1].range is not None

    def test_a_busy_bucket_is_asked_again(self, bucket: Host, tmp_path: Path) -> None:
        bucket.faults = [503, 500]
        assert bring(bucket, tmp_path, pauses=2).read_bytes() == CONTENT

    @pytest.mark.parametrize(
        ("status", "asked", "advice"),
        [(503, 3, "fewer --jobs"), (403, 1, "--fmriprep"), (404, 1, "--fmriprep")],
    )
    def test_a_bucket_that_refuses_is_named_with_what_to_do(
        self, status: int, asked: int, advice: str, bucket: Host, tmp_path: Path
    ) -> None:
        bucket.faults = [status] * 9
        with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
            bring(bucket, tmp_path, pauses=2)
        # of one file alone, or of all that the bucket holds
        assert isinstance(caught.value, ImageError) == (status == 404)
        assert advice in str(caught.value)
        assert "the same command goes on" in str(caught.value)
        assert len(bucket.requests) == asked

    def test_no_network(self, bucket: Host, tmp_path: Path) -> None:
        away = ImageList("study", "http://127.0.0.1:9", (entry(),))
        with requests.Session() as session, pytest.raises(DownloadError, match="Go online"):
            fetch_image(away, entry(), tmp_path, session, pauses=())

    def test_another_file_of_that_size_is_not_kept(self, bucket: Host, tmp_path: Path) -> None:
        other = entry(CONTENT[::-1])
        with pytest.raises(ImageError, match=f"expected md5 {other.md5}"):
            bring(bucket, tmp_path, other)
        assert not [p for p in tmp_path.rglob("*") if p.is_file()]

    def test_a_stale_half_costs_one_whole_transfer(self, bucket: Host, tmp_path: Path) -> None:
        half = tmp_path / ".partial" / entry().md5
        half.parent.mkdir()
        half.write_bytes(b"x" * 1000)
        assert bring(bucket, tmp_path).read_bytes() == CONTENT
        assert [request.range is None for request in bucket.requests] == [False, True]

    def test_a_mirror_is_tried_first(
        self, bucket: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(tmp_path / "mirror"))
        held = tmp_path / "mirror/study-fmriprep/sub-1/func/a b.nii.gz"
        held.parent.mkdir(parents=True)
        held.write_bytes(CONTENT)
        bring(bucket, tmp_path / "out")
        assert not bucket.requests

    def test_a_full_disk_is_named(
        self, bucket: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(images.Sources, "_write", full)
        with pytest.raises(UsageError, match=r"the disk is full: make room.*goes on"):
            bring(bucket, tmp_path)

    def test_each_piece_is_counted_and_may_stop_it(self, bucket: Host, tmp_path: Path) -> None:
        counted: list[int] = []

        def stop(count: int) -> None:
            counted.append(count)
            if sum(counted) > 50_000:
                raise KeyboardInterrupt

        with requests.Session() as session:
            with pytest.raises(KeyboardInterrupt):
                fetch_image(listed(bucket), entry(), tmp_path, session, stop)
            # what came is kept, and the rest alone is asked for
            path = fetch_image(listed(bucket), entry(), tmp_path, session)
        assert path.read_bytes() == CONTENT
        assert bucket.requests[1].range == f"bytes={sum(counted)}-"
