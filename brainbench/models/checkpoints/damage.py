"""Damage in the files of a model, found without a library that loads them.

Libraries say of a damaged file how they stumbled: "header too large" is what safetensors says of
a pointer that Git LFS left in place of the weights. Here the files are looked at themselves.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from brainbench.models.checkpoints.failures import one_line

# of files that are larger than any pointer is, none is read for it
_POINTER, _LARGEST_POINTER = b"version https://git-lfs", 1024
_INDEX = "model.safetensors.index.json"
_WHOLE = "model.safetensors"
_SHARD = re.compile(r"(.+)-(\d+)-of-(\d+)\.safetensors")
_JSON = (
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "vocab.json", _INDEX,
    "adapter_config.json",
)  # fmt: skip
_TEXT = ("chat_template.jinja", "merges.txt")
# read by slow tokenizers alone: of no matter where tokenizer.json is
_SPARE = re.compile(r"(.*\.model|vocab.*|merges\.txt)")
_LARGEST_HEADER = 100_000_000
_AGAIN = "copy or download it again"


def unusable(files: Iterable[Path]) -> str | None:
    """The first file that is missing or only a placeholder, and why; None where all are there.

    A file of Git LFS may be a pointer to what was never fetched, a link may lead nowhere, a
    folder may stand where a file should.
    """
    there = sorted(files)
    spare = any(path.name == "tokenizer.json" and path.is_file() for path in there)
    for path in there:
        if spare and _SPARE.fullmatch(path.name):
            continue
        if path.is_symlink() and not path.exists():
            return f"{path.name} is a link to {path.readlink()}, which is not there"
        if path.is_dir() and path.suffix in (".json", ".jinja", ".safetensors", ".txt"):
            return f"{path.name} is a folder, not a file"
        if path.is_file() and is_pointer(path):
            return (
                f"{path.name} is a pointer of Git LFS, not the file itself: fetch it with "
                "`git lfs pull`, or download the model again"
            )
    return None


def is_pointer(path: Path) -> bool:
    """Whether a file is a Git LFS pointer, its content not fetched."""
    if path.stat().st_size > _LARGEST_POINTER:
        return False
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER


def broken_index(folder: Path) -> str | None:
    """The fault of an index of sharded weights; None where there is none.

    Only files of the folder itself are read: others would be in no hash.
    """
    if (folder / _WHOLE).is_file():
        # taken first; an index beside it is not read
        return None
    index = folder / _INDEX
    if not index.is_file():
        shards = [match for path in folder.iterdir() if (match := _SHARD.fullmatch(path.name))]
        if not shards:
            return None
        return (
            f"{_INDEX} is missing: it says which weights are in {shards[0][0]} and the other "
            f"files. {_AGAIN.capitalize()}"
        )
    try:
        places = json.loads(index.read_text("utf-8"))["weight_map"]
        names = sorted({str(name) for name in places.values()})
    # whatever stands in the file
    except Exception as error:
        return f"{_INDEX} is damaged ({one_line(error)}): {_AGAIN}"
    outside = [name for name in names if name != Path(name).name or "\\" in name]
    if outside:
        return f"{_INDEX} names {outside[0]!r}, which is not a file of the same folder"
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        return (
            f"{missing[0]} is missing ({len(missing)} of {len(names)} files of weights that "
            f"{_INDEX} names): download the rest"
        )
    return None


def no_vocabulary(folder: Path) -> str | None:
    """An error message where a folder holds no tokenizer; None where it holds one."""
    kinds = ("tokenizer.json", "*.model", "vocab*", "*.tiktoken", "tekken.json")
    if any(path.is_file() for kind in kinds for path in folder.glob(kind)):
        return None
    return (
        "no tokenizer is there: tokenizer.json is missing. Copy it from the model it belongs to, "
        "or save the tokenizer with save_pretrained"
    )


def broken_settings(folder: Path) -> str | None:
    """The fault of settings that transformers would silently ignore.

    It goes on without settings of generation that it cannot read, silently.
    """
    file = folder / "generation_config.json"
    if file.is_file() and (fault := next(_damaged([file]), None)):
        return fault
    # a configuration that cannot be read is an error of its own
    with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
        scheme = json.loads((folder / "config.json").read_text("utf-8")).get("quantization_config")
        if scheme is not None and not (
            isinstance(scheme, dict) and scheme.get("quant_method", scheme)
        ):
            return "config.json: quantization_config does not say how weights are quantised"
    return None


def find_damage(folder: Path) -> str | None:
    """The first file of a model or adapter that is damaged, and how; None where none looks so.

    Asked when a library could not read the folder: some files it names are not read by all.
    """
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = unusable(path for path in files if path.name in (*_JSON, *_TEXT) or _is_weights(path))
    return found or broken_index(folder) or next(_damaged(files), None)


def _damaged(files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        fault = None
        # whatever the file system or the content makes of it is a fault of this file
        try:
            if path.name in _JSON:
                if not isinstance(json.loads(path.read_text("utf-8")), dict):
                    fault = "it does not hold a JSON object"
            elif path.name in _TEXT:
                path.read_text("utf-8")
            elif _is_weights(path):
                fault = _safetensors_fault(path)
        except Exception as error:
            fault = "it is empty" if path.stat().st_size == 0 else one_line(error)
        if fault:
            yield f"{path.name} is damaged ({fault}): {_AGAIN}"


def _is_weights(path: Path) -> bool:
    return path.suffix == ".safetensors"


def _safetensors_fault(path: Path) -> str | None:
    """What is wrong with the header of a safetensors file, or with the file's length."""
    size = path.stat().st_size
    if size == 0:
        return "it is empty"
    with path.open("rb") as file:
        stated = int.from_bytes(file.read(8), "little")
        if size < 8 or stated > _LARGEST_HEADER:
            return "it does not begin as a safetensors file does"
        if stated > size - 8:
            return f"it ends after {size} bytes, within its header of {stated}"
        header = json.loads(file.read(stated))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    expected = 8 + stated + max(ends, default=0)
    return None if size == expected else f"it has {size} bytes where {expected} are stated"
