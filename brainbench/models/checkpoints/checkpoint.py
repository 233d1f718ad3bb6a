"""Locate the files of a model: a hub id, folder or GGUF file → a folder and a hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from brainbench.errors import DataError, UsageError
from brainbench.foreign import readable
from brainbench.models.architectures import check_kind
from brainbench.models.cache import content_key
from brainbench.models.checkpoints.damage import broken_index, broken_settings, unusable
from brainbench.models.checkpoints.failures import net, one_line
from brainbench.models.checkpoints.gguf import is_gguf, read_gguf_header
from brainbench.models.checkpoints.other_sources import describe_file, describe_folder
from brainbench.paths import user_path

_HUB_ID = re.compile(r"[\w][\w.-]*(/[\w.-]+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# configuration and tokenizer: what transformers reads beside the weights
_TEXTS = (
    "config.json", "generation_config.json", "tokenizer*", "special_tokens_map.json",
    "added_tokens.json", "chat_template*", "vocab*", "merges.txt", "*.model", "*.index.json",
    "additional_chat_templates/*.jinja",
)  # fmt: skip
# the same weights once more, as their makers had them
_TWICE = "consolidated*"


@dataclass(frozen=True)
class Checkpoint:
    """Files of a model on this machine.

    Attributes
    ----------
    name : the hub id, or the name of the folder or file.
    folder : where they are.
    gguf_file : name of the GGUF file in the folder, where the weights are one.
    revision : commit on the hub, where it came from there.
    files : name → sha256, of every file that can change what the model computes.
    """

    name: str
    folder: Path
    gguf_file: str | None
    revision: str | None
    files: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Of the files and their names."""
        return hash_named(self.files)

    def without_weights(self, *, code: bool = False) -> Checkpoint:
        """What an untrained model needs of the same files, as :func:`find_checkpoint` finds it."""
        return replace(self, files=_files(self.folder, self.gguf_file, False, code))


def find_checkpoint(
    source: str | Path,
    revision: str | None = None,
    gguf_file: str | None = None,
    *,
    weights: bool = True,
    code: bool = False,
) -> Checkpoint:
    """Find a model's files; those of a hub id are downloaded and kept by huggingface_hub.

    Parameters
    ----------
    source : hub id, folder, or GGUF file.
    revision : branch, tag or commit, of a hub id.
    gguf_file : name of a GGUF file in the folder or repository.
    weights : whether the weights are needed; an untrained model is made without.
    code : whether the repository's own Python files are wanted.

    Raises
    ------
    UsageError
        When there is no such model, or it may not be read.
    DataError
        When files are missing or are not what they are named.
    """
    path = user_path(source)
    with net(f"{_short(source)} cannot be looked up", "Give the path of a folder or a GGUF file"):
        local = path.exists()
    if is_gguf(path):
        if not path.is_file():
            what = f"{source} is a folder, not a" if local else "there is no"
            raise UsageError(f"{what} GGUF file{'' if local else f' at {source}'}")
        path, gguf_file = path.parent, path.name
        name = Path(source).stem
    else:
        name = path.resolve().name if path.is_dir() else str(source)
        if gguf_file is not None:
            _check_inside(gguf_file)
            # one repository holds many, of other precision
            name = f"{name}:{Path(gguf_file).stem}"
    if local and not path.is_dir():
        raise UsageError(
            f"{source} is {describe_file(path)}. --model takes a folder, a hub id, a GGUF file or "
            "a .safetensors file of activations"
        )
    if path.is_dir():
        if revision is not None:
            raise UsageError(f"{source} is a folder; only models of the hub have a revision")
        commit = None
    else:
        if gguf_file is None:
            # an unsupported family is an error before its weights are fetched
            _check_family(_download(str(source), revision, None, False, code), code)
        path = _download(str(source), revision, gguf_file, weights, code)
        commit = path.name
    with net(f"{name} cannot be read", "See that its files are there, and that you may read them"):
        _check_files(path, gguf_file, weights, str(source), code)
        files = _files(path, gguf_file, weights, code)
    return Checkpoint(readable(name), path, gguf_file, commit, files)


def own_dtype(checkpoint: Checkpoint) -> str | None:
    """Number format that a checkpoint's configuration names; None where it names none."""
    if checkpoint.gguf_file is not None:
        return None
    file = checkpoint.folder / "config.json"
    with net(f"{file.name} of {checkpoint.name} cannot be read", "Copy or download it again"):
        settings = json.loads(file.read_text("utf-8"))
    for part in (settings, settings.get("text_config")):
        # older checkpoints name it otherwise
        found = isinstance(part, dict) and (part.get("dtype") or part.get("torch_dtype"))
        if isinstance(found, str):
            return found.removeprefix("torch.")
    return None


def hash_named(files: Mapping[str, str]) -> str:
    """Hash of a set of files, by their names and sha256."""
    rows = [[name, files[name]] for name in sorted(files)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def hash_weights(
    files: Mapping[str, str], adapter: str | None = None, untrained: object = None
) -> str:
    """Hash of a model's weights: of the files they are read from, an adapter's hash, a seed.

    Parameters
    ----------
    files : name → sha256 of each file.
    adapter : hash of an adapter that is applied to them.
    untrained : seed of random weights; None for those of the files.
    """
    return content_key(checkpoint=hash_named(files), adapter=adapter, untrained=untrained)


def _hashes(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    # names as on every system, so that the hash is the same on each
    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    return {name: _file_sha256(path) for name, path in named}


def _download(
    source: str, revision: str | None, gguf_file: str | None, weights: bool, code: bool
) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if not _HUB_ID.fullmatch(source):
        raise UsageError(f"there is no file or folder at {_short(source)}, and it is not a hub id")
    wanted = list(_TEXTS)
    # a GGUF file holds the configuration too
    if gguf_file is not None:
        wanted = [gguf_file]
    elif weights:
        wanted.append("*.safetensors")
    if code:
        wanted.append("*.py")
    # folders hold other formats and checkpoints on the way
    unused = [_TWICE] if "/" in (gguf_file or "") else [_TWICE, "*/*"]
    try:
        return Path(
            snapshot_download(
                source, revision=revision, allow_patterns=wanted, ignore_patterns=unused
            )
        )
    except GatedRepoError as error:
        raise UsageError(
            f"{source} is gated: ask for access on its page on the hub, then log in with "
            "`hf auth login` or set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise UsageError(f"{source} has no revision {revision!r}") from error
    except RepositoryNotFoundError as error:
        raise UsageError(
            f"the hub has no model {source!r}, or it is private: look at the spelling, or log in "
            "with `hf auth login` or HF_TOKEN. `brainbench list` shows the built-in models"
        ) from error
    except LocalEntryNotFoundError as error:
        raise UsageError(
            f"{source} is not in the local cache and the hub cannot be reached; built-in models "
            "and folders need no network"
        ) from error
    # a broken connection raises errors of whichever HTTP client the hub's library uses
    except Exception as error:
        raise DataError(
            f"{_short(source)} cannot be downloaded: {_short(one_line(error))}"
        ) from error


def _check_files(
    folder: Path, gguf_file: str | None, weights: bool, source: str, code: bool
) -> None:
    if gguf_file is not None:
        file = folder / gguf_file
        if not file.is_file():
            raise UsageError(f"{source} holds no file {gguf_file}")
        read_gguf_header(file)
        return
    if not (folder / "config.json").is_file():
        there = ", ".join(
            sorted(p.name for p in folder.iterdir() if is_gguf(p) and p.is_file())[:3]
        )
        hint = f"; it holds {there}: give that file" if there else ""
        other = describe_folder(folder)
        if other is not None and not there:
            raise UsageError(f"{source} is {other}")
        raise UsageError(f"{source} holds no config.json, so it is not a model folder{hint}")
    fault = unusable(_wanted(folder, weights, False)) or broken_settings(folder)
    if fault is None and weights:
        fault = broken_index(folder)
    if fault is not None:
        raise DataError(f"{folder.resolve().name} cannot be loaded: {fault}")
    _check_family(folder, code)
    if weights and (folder / "adapter_config.json").is_file():
        # transformers would take the base model that it names, and not the weights beside it
        raise UsageError(
            f"{source} holds an adapter beside the model (adapter_config.json): give the model "
            "alone with --model, and the adapter's own folder with --peft"
        )
    if weights and not any(folder.glob("*.safetensors")):
        offline = " (or they are not in the local cache and the hub is not asked)"
        raise DataError(
            f"{source} holds no safetensors weights{'' if Path(source).is_dir() else offline}. "
            "Pickled weights are not read: anybody's code could be in them. Convert them with "
            "transformers' save_pretrained"
        )


def _files(folder: Path, gguf_file: str | None, weights: bool, code: bool) -> dict[str, str]:
    if gguf_file is not None:
        # the file holds configuration and tokenizer; what lies beside it is not read
        return _hashes(folder, [folder / gguf_file])
    return _hashes(folder, (p for p in _wanted(folder, weights, code) if p.is_file()))


def _wanted(folder: Path, weights: bool, code: bool) -> list[Path]:
    """What of a folder may be read, by its name."""
    patterns = [*_TEXTS, *(["*.safetensors"] if weights else [])]
    # by name: glob leaves out a link that leads nowhere
    there = [*folder.iterdir(), *folder.glob("additional_chat_templates/*")]
    found = {path for path in there if any(map(path.match, patterns))}
    found |= set(folder.glob("**/*.py")) if code else set()
    return [path for path in found if not path.match(_TWICE)]


def _check_inside(gguf_file: str) -> None:
    path = PurePath(gguf_file)
    if path.is_absolute() or ".." in path.parts or not is_gguf(path):
        raise UsageError(
            f"--gguf-file {gguf_file}: expected the name of a .gguf file inside the folder or "
            "repository; a file elsewhere is given to --model"
        )


def _check_family(folder: Path, code: bool) -> None:
    """Refuse a family that is not read, by its configuration alone."""
    file = folder / "config.json"
    if not file.is_file():
        return
    what = f"{file.name} of {folder.name} cannot be read"
    with net(what, "Copy or download it again"):
        loaded = json.loads(file.read_text("utf-8"))
        if not isinstance(loaded, dict):
            raise DataError(f"{what}: it holds no JSON object, as the configuration of a model is")
        kind = loaded.get("model_type")
    if kind is not None:
        check_kind(str(kind), code)


def _short(source: object) -> str:
    """What was asked for, as an error can show it."""
    text = str(source)
    return text if len(text) <= 200 else f"{text[:200]} … ({len(text)} characters)"


def _file_sha256(path: Path) -> str:
    # the hub's cache names large files by the hash that the hub gave for them
    target = path.resolve()
    if target.parent.name == "blobs" and _SHA256.fullmatch(target.name):
        return target.name
    with net(f"{path} cannot be read", "See that you may read it"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
