"""The cache gives back what was put in, or nothing; it never stops a run."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from brainbench.models import cache as module
from brainbench.models.cache import ArrayCache, Arrays, content_key

KEY = content_key(what="a test")


def arrays(seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        "hidden": rng.standard_normal((3, 2, 4)).astype(np.float32),
        "tokens": rng.integers(-1, 9, 3),
        "log_odds": np.array([0.5, np.nan, -np.inf]),
        "none": np.zeros((0, 4), np.float32),
    }


def assert_same(found: Arrays | None, expected: Arrays) -> None:
    assert found is not None
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.fixture
def cache(tmp_path: Path) -> ArrayCache:
    return ArrayCache(tmp_path / "activations")


@pytest.fixture
def file(cache: ArrayCache, tmp_path: Path) -> Path:
    """The one entry of the cache."""
    cache.put(KEY, arrays())
    (found,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    return found


def test_an_entry_comes_back_as_it_was(cache: ArrayCache, said: list[str]) -> None:
    assert cache.get(KEY) is None
    cache.put(KEY, arrays())
    assert_same(cache.get(KEY), arrays())
    assert said == []


def test_another_cache_of_the_folder_finds_it(file: Path, tmp_path: Path, said: list[str]) -> None:
    assert_same(ArrayCache(tmp_path / "activations").get(KEY), arrays())
    assert said == []


def test_an_entry_is_replaced_whole(cache: ArrayCache, file: Path) -> None:
    cache.put(KEY, {"other": np.arange(3)})
    assert_same(cache.get(KEY), {"other": np.arange(3)})


def test_arrays_need_not_lie_in_order(cache: ArrayCache) -> None:
    turned = np.arange(12.0).reshape(3, 4).T[::-1]
    cache.put(KEY, {"turned": turned})
    assert_same(cache.get(KEY), {"turned": turned})


def test_every_file_stands_under_its_key(file: Path) -> None:
    assert file.name == f"{KEY}.safetensors"
    assert file.parent.name == KEY[:2]


def flip_last(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "one bit of the data": flip_last,
    "cut short": lambda data: data[:-7],
    "cut in the header": lambda data: data[:40],
    "empty": lambda data: b"",
    "garbage": lambda data: bytes(range(256)) * 4,
    "text": lambda data: b"not found" * 20,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_said_and_can_be_written_again(
    damage: Callable[[bytes], bytes], cache: ArrayCache, file: Path, said: list[str]
) -> None:
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get(KEY) is None
    (text,) = said
    assert KEY[:12] in text
    assert "damaged" in text
    assert "computed again" in text
    cache.put(KEY, arrays())
    assert_same(cache.get(KEY), arrays())
    assert len(said) == 1


def test_no_flipped_byte_gives_other_numbers(cache: ArrayCache, file: Path) -> None:
    whole = file.read_bytes()
    noticed = 0
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 32]) + whole[place + 1 :])
        found = cache.get(KEY)
        noticed += found is None
        if found is not None:
            assert_same(found, arrays())
    # blanks that fill up the header may change
    assert noticed > 0.9 * len(whole)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"shape":[3,2,4]', b'"shape":[2,3,4]'), (b'"dtype":"F32"', b'"dtype":"I32"')],
    ids=["shape", "type"],
)
def test_the_checksum_is_of_shapes_and_types_too(
    old: bytes, new: bytes, cache: ArrayCache, file: Path, said: list[str]
) -> None:
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new))
    assert cache.get(KEY) is None
    assert "wrong checksum" in said[0]


def test_an_entry_under_another_key_is_none(cache: ArrayCache, file: Path, said: list[str]) -> None:
    other = content_key(what="another")
    (file.parent.parent / other[:2]).mkdir(exist_ok=True)
    file.rename(file.parent.parent / other[:2] / f"{other}.safetensors")
    assert cache.get(other) is None
    assert len(said) == 1


def test_entries_may_be_read_by_those_who_may_read_other_files(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    assert file.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_arrays_without_checksum_are_damaged(
    cache: ArrayCache, file: Path, said: list[str]
) -> None:
    save_file(arrays(), file)
    assert cache.get(KEY) is None
    assert "wrong checksum" in said[0]


def test_an_entry_that_cannot_be_opened_is_damaged(
    cache: ArrayCache, file: Path, said: list[str]
) -> None:
    file.unlink()
    file.mkdir()
    assert cache.get(KEY) is None
    assert len(said) == 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("full")])
def test_a_full_disk_is_said_once(
    error: Exception,
    cache: ArrayCache,
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(kept: Arrays, name: str, metadata: dict[str, str]) -> None:
        Path(name).write_bytes(b"half")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, "save_file", full)
        cache.put(KEY, arrays())
        cache.put(content_key(what="another"), arrays())
    assert len(said) == 1
    assert "cannot be cached" in said[0]
    assert "going on" in said[0]
    assert cache.get(KEY) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    # there is room again
    cache.put(KEY, arrays())
    assert_same(cache.get(KEY), arrays())


def test_a_folder_that_cannot_be_made_is_said_once(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = ArrayCache(tmp_path / "file" / "activations")
    for _ in range(3):
        assert cache.get(KEY) is None
        cache.put(KEY, arrays())
    assert len(said) == 1


def test_nothing_is_left_of_a_write_that_was_stopped(
    cache: ArrayCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(kept: Arrays, name: str, metadata: dict[str, str]) -> None:
        Path(name).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "save_file", stop)
    with pytest.raises(KeyboardInterrupt):
        cache.put(KEY, arrays())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_no_part_is_left_of_a_write_that_went_well(file: Path) -> None:
    assert [path.name for path in file.parent.iterdir()] == [file.name]


PARTS = {"weights": "abc", "prefix": (1, 2), "suffixes": ((3,), (4, 5)), "think": None}
OTHERS = [
    {"weights": "abd"},
    {"prefix": (1, 2, 3)},
    {"suffixes": ((4, 5), (3,))},
    {"suffixes": ((3, 4), (5,))},
    {"think": 0},
    {"more": None},
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_the_key_changes_with_every_part(other: dict[str, object]) -> None:
    assert content_key(**PARTS) != content_key(**{**PARTS, **other})


def test_the_key_is_one_for_the_same_parts() -> None:
    assert content_key(**PARTS) == content_key(**dict(reversed(PARTS.items())))


def test_a_part_has_its_name() -> None:
    assert content_key(a=1, b=2) != content_key(a=2, b=1)


def refused(*given: object, **named: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("place", ["pathlib.Path.stat", "brainbench.models.cache.safe_open"])
def test_a_folder_that_may_not_be_entered_is_said_once_and_done_without(
    place: str, cache: ArrayCache, file: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(place, refused)
        assert [cache.get(KEY) for _ in range(3)] == [None] * 3
    (text,) = said
    assert "cannot be read" in text
    assert "Permission denied; going on without" in text
    assert "damaged" not in text
    assert_same(cache.get(KEY), arrays())


def test_a_cache_that_can_be_neither_read_nor_written_is_said_once(
    cache: ArrayCache, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.stat", refused)
    monkeypatch.setattr("pathlib.Path.mkdir", refused)
    assert cache.get(KEY) is None
    cache.put(KEY, arrays())
    assert len(said) == 1


def test_what_it_holds_is_called_by_its_name(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    ArrayCache(tmp_path / "file", "answers").put(KEY, arrays())
    assert said[0].startswith("answers cannot be cached in ")


def _write_many(folder: Path, seeds: range) -> None:
    cache = ArrayCache(folder)
    for seed in seeds:
        cache.put(content_key(seed=seed), arrays(seed))


def test_processes_that_write_the_same_entries_leave_them_whole(tmp_path: Path) -> None:
    """One is killed in the midst of it, as a job that is pre-empted."""
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write_many, args=(tmp_path, range(60))) for _ in range(3)]
    for writer in writers:
        writer.start()
    cache = ArrayCache(tmp_path)
    found = 0
    while writers[0].is_alive() or writers[1].is_alive():
        for seed in range(60):
            there = cache.get(content_key(seed=seed))
            # not yet, or all of it
            if there is not None:
                assert_same(there, arrays(seed))
                found += 1
        if found and writers[2].is_alive():
            writers[2].kill()
    for writer in writers:
        writer.join(30)
    for seed in range(60):
        assert_same(cache.get(content_key(seed=seed)), arrays(seed))


def test_what_a_killed_writer_left_is_taken_away_once_it_is_old(
    cache: ArrayCache, file: Path
) -> None:
    young, old = (file.with_name(f"tmp{name}.part") for name in ("young", "old"))
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    ArrayCache(file.parent.parent).put(KEY, arrays())
    assert young.exists()
    assert not old.exists()
