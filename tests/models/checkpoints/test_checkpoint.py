"""A model's files are found, checked and hashed, in a folder, in a GGUF file or on the hub.

The hub is a server on this machine that answers as the real one does; each test asks it from
a process of its own, as huggingface_hub reads its settings when it is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import pytest

import brainbench
from brainbench.errors import DataError, UsageError
from brainbench.models.checkpoints.checkpoint import find_checkpoint, hash_named


@pytest.fixture
def folder(llama_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(llama_folder, tmp_path / "tiny-llama"))


# folders


def test_a_folder_is_named_by_its_own_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_checkpoint(folder)
    assert (found.name, found.folder) == ("tiny-llama", folder)
    assert found.gguf_file is found.revision is None
    monkeypatch.chdir(folder)
    assert find_checkpoint(".").name == "tiny-llama"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_checkpoint("~/tiny-llama").sha256 == found.sha256


def flip_last(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a weight": lambda f: flip_last(f / "model.safetensors"),
    "the tokenizer": lambda f: (f / "tokenizer.json").open("a").write(" "),
    "the configuration": lambda f: (f / "config.json").open("a").write(" "),
    "the chat template": lambda f: (f / "chat_template.jinja").open("a").write(" "),
    "settings of generation": lambda f: (f / "generation_config.json").unlink(),
    "more weights": lambda f: (f / "more.safetensors").write_bytes(b"x"),
    "a name": lambda f: (f / "model.safetensors").rename(f / "model2.safetensors"),
    "a sentencepiece model": lambda f: (f / "tokenizer.model").write_bytes(b"x"),
    "merges": lambda f: (f / "merges.txt").write_text("x"),
}
WITHOUT_EFFECT: dict[str, Callable[[Path], object]] = {
    "README": lambda f: (f / "README.md").write_text("better than all others"),
    "weights that are not read": lambda f: (f / "pytorch_model.bin").write_bytes(b"x"),
    "code that may not run": lambda f: (f / "modeling.py").write_text("x"),
    "a folder": lambda f: (f / "onnx").mkdir(),
    "times": lambda f: os.utime(f / "config.json", (0, 0)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_hash_changes_with(change: Callable[[Path], object], folder: Path) -> None:
    before = find_checkpoint(folder).sha256
    assert find_checkpoint(folder).sha256 == before
    change(folder)
    assert find_checkpoint(folder).sha256 != before


@pytest.mark.parametrize("change", WITHOUT_EFFECT.values(), ids=WITHOUT_EFFECT)
def test_the_hash_does_not_change_with(change: Callable[[Path], object], folder: Path) -> None:
    before = find_checkpoint(folder).sha256
    change(folder)
    assert find_checkpoint(folder).sha256 == before


def test_the_hash_is_the_same_elsewhere(folder: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere")
    assert find_checkpoint(elsewhere).sha256 == find_checkpoint(folder).sha256


def test_code_that_may_run_is_hashed(folder: Path) -> None:
    (folder / "modeling.py").write_text("x = 1")
    before = find_checkpoint(folder, code=True).sha256
    (folder / "modeling.py").write_text("x = 2")
    assert find_checkpoint(folder, code=True).sha256 != before


def test_without_weights_neither_is_needed_nor_hashed(folder: Path) -> None:
    before = find_checkpoint(folder, weights=False).sha256
    (folder / "model.safetensors").unlink()
    assert find_checkpoint(folder, weights=False).sha256 == before
    with pytest.raises(DataError, match="holds no safetensors weights"):
        find_checkpoint(folder)


@pytest.mark.parametrize("code", [False, True])
def test_a_checkpoint_tells_what_an_untrained_model_needs(folder: Path, code: bool) -> None:
    (folder / "modeling.py").write_text("x = 1")
    expected = find_checkpoint(folder, weights=False, code=code)
    assert find_checkpoint(folder, code=code).without_weights(code=code) == expected
    assert expected.without_weights(code=code) == expected


def test_a_folder_without_configuration_is_no_model(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(UsageError, match=r"holds no config\.json, so it is not a model folder$"):
        find_checkpoint(folder)
    for name in ("b.gguf", "a.gguf"):
        (folder / name).write_bytes(b"GGUF")
    with pytest.raises(UsageError, match=r"it holds a\.gguf, b\.gguf: give that file"):
        find_checkpoint(folder)


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(DataError, match="Pickled weights are not read"):
        find_checkpoint(folder)


@pytest.mark.parametrize("name", ["../x.gguf", "/x.gguf", "a/../../x.gguf", "config.json"])
def test_a_gguf_file_lies_inside(name: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=r"expected the name of a \.gguf file inside"):
        find_checkpoint(folder, gguf_file=name)


def test_a_family_that_is_not_read_is_told_before_its_weights_are(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "deepseek_v4"}')
    with pytest.raises(DataError, match="family 'deepseek_v4' are not read"):
        find_checkpoint(folder)


@pytest.mark.parametrize("text", ['{"model_type": "lla', "[]", "", "\xff"])
def test_a_damaged_configuration_is_told(text: str, folder: Path) -> None:
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"config\.json of tiny-llama cannot be read"):
        find_checkpoint(folder)


def test_a_folder_has_no_revision(folder: Path) -> None:
    with pytest.raises(UsageError, match="is a folder; only models of the hub have a revision"):
        find_checkpoint(folder, "main")


@pytest.mark.parametrize("source", ["no/such/folder", "../nothing", "a b", "/nothing", ""])
def test_what_is_neither_path_nor_hub_id(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no file or folder|config\.json"):
        find_checkpoint(source)


def test_an_adapter_beside_the_model_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "other"}', "utf-8")
    with pytest.raises(UsageError, match=r"holds an adapter beside the model .*--peft"):
        find_checkpoint(folder)
    assert find_checkpoint(folder, weights=False).files


def test_every_chat_template_is_in_the_hash(folder: Path) -> None:
    before = find_checkpoint(folder).sha256
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tools.jinja").write_text("{{ messages }}", "utf-8")
    assert find_checkpoint(folder).sha256 != before


def test_files_are_hashed_with_their_names() -> None:
    both = hash_named({"a": "1", "b": "2"})
    assert hash_named({"b": "2", "a": "1"}) == both
    assert hash_named({"a": "2", "b": "1"}) != both


# GGUF files


# version 3, no tensors, no keys
EMPTY_GGUF = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    file = tmp_path / "some" / "tiny-Q8_0.gguf"
    file.parent.mkdir()
    file.write_bytes(EMPTY_GGUF + bytes(8))
    return file


def test_a_gguf_file_is_named_without_its_ending(gguf: Path) -> None:
    found = find_checkpoint(gguf)
    assert (found.name, found.folder, found.gguf_file) == ("tiny-Q8_0", gguf.parent, gguf.name)
    in_folder = find_checkpoint(gguf.parent, gguf_file=gguf.name)
    assert (in_folder.name, in_folder.gguf_file) == ("some:tiny-Q8_0", gguf.name)
    assert in_folder.sha256 == found.sha256


def test_only_the_gguf_file_is_hashed(gguf: Path) -> None:
    before = find_checkpoint(gguf).sha256
    (gguf.parent / "model.safetensors").write_bytes(b"another model")
    (gguf.parent / "other.gguf").write_bytes(b"another model")
    assert find_checkpoint(gguf).sha256 == before
    flip_last(gguf)
    assert find_checkpoint(gguf).sha256 != before


def test_a_gguf_file_is_needed_without_its_weights_too(gguf: Path) -> None:
    assert find_checkpoint(gguf).without_weights() == find_checkpoint(gguf, weights=False)


def test_another_file_with_the_ending_is_refused(gguf: Path) -> None:
    gguf.write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="does not begin with GGUF"):
        find_checkpoint(gguf)
    gguf.write_bytes(b"")
    with pytest.raises(DataError, match="does not begin with GGUF"):
        find_checkpoint(gguf.parent, gguf_file=gguf.name)


def test_no_gguf_file(gguf: Path) -> None:
    gguf.unlink()
    with pytest.raises(UsageError, match="there is no GGUF file at"):
        find_checkpoint(gguf)
    with pytest.raises(UsageError, match=r"holds no file tiny-Q8_0\.gguf"):
        find_checkpoint(gguf.parent, gguf_file=gguf.name)


# the hub

Asked = Callable[[], list[dict[str, Any]]]
COMMIT, OLDER = "a" * 40, "b" * 40
REPOSITORY = "some-lab/tiny-llama"


class Hub(BaseHTTPRequestHandler):
    """Repositories by id; each of their revisions names a commit, each commit its files."""

    protocol_version = "HTTP/1.1"
    commits: dict[str, dict[str, bytes]]
    revisions: ClassVar = {"main": COMMIT, COMMIT: COMMIT, "v1": OLDER, OLDER: OLDER}
    readable = ("tiny-llama", "another", "streams", "gated", "pickled", "quants", "silent")
    asked: list[str]

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        type(self).asked.append(f"{self.command} {path}")
        kind = "api" if path.startswith("/api/models/") else "file"
        owner, name, *rest = path.removeprefix("/api/models").strip("/").split("/")
        repository = f"{owner}/{name}"
        revision = rest[1] if len(rest) > 1 else "main"
        if name == "gated" and kind == "file":
            return self.answer(403, b"", **{"X-Error-Code": "GatedRepo"})
        if name == "closed":
            return self.answer(403, b"", **{"X-Error-Code": "GatedRepo"})
        if name == "down":
            return self.answer(500, b"")
        if name == "silent" and kind == "file":
            self.close_connection = True
            return self.connection.close()
        if name not in self.readable:
            return self.answer(404, b"", **{"X-Error-Code": "RepoNotFound"})
        if revision not in self.revisions:
            return self.answer(404, b"", **{"X-Error-Code": "RevisionNotFound"})
        commit = self.revisions[revision]
        files = self.commits[commit]
        if name == "pickled":
            files = {n: d for n, d in files.items() if not n.endswith(".safetensors")}
        if name == "streams":
            files = files | {"config.json": b'{"model_type": "deepseek_v4"}'}
        if kind == "file":
            return self.send_file(commit, files.get("/".join(rest[2:])))
        if rest and rest[0] == "tree":
            return self.send_json([entry(name, data) for name, data in files.items()])
        siblings = [{"rfilename": name} for name in files]
        return self.send_json({"id": repository, "sha": commit, "siblings": siblings})

    do_HEAD = do_GET

    def send_json(self, content: object) -> None:
        self.answer(200, json.dumps(content).encode(), **{"Content-Type": "application/json"})

    def send_file(self, commit: str, data: bytes | None) -> None:
        if data is None:
            return self.answer(404, b"", **{"X-Error-Code": "EntryNotFound"})
        # large files are named by their SHA-256, others by git's hash
        large = data == self.commits[commit]["model.safetensors"]
        digest = hashlib.sha256(data) if large else hashlib.sha1(data)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{digest.hexdigest()}"'}
        return self.answer(200, data, **headers)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *given: Any) -> None:
        pass


def entry(name: str, data: bytes) -> dict[str, object]:
    sha256 = hashlib.sha256(data).hexdigest()
    found: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": sha256[:40]}
    if name.endswith(".safetensors"):
        found["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 130}
    return found


# prints, for each question, what was found or the error that was raised; the packages' own
# imports, which no question needs and which take seconds, are left out
ASK = """
import importlib.util, json, sys
root = sys.argv[2]
for name in ("brainbench", "brainbench.models", "brainbench.models.checkpoints"):
    folder = root + "/".join(["", *name.split(".")[1:]])
    found = importlib.util.spec_from_file_location(
        name, folder + "/__init__.py", submodule_search_locations=[folder]
    )
    sys.modules[name] = importlib.util.module_from_spec(found)
from brainbench.errors import BrainbenchError
from brainbench.models.checkpoints.checkpoint import find_checkpoint
answers = []
for question in json.loads(sys.argv[1]):
    try:
        found = find_checkpoint(**question)
        answers.append({
            "name": found.name, "revision": found.revision, "sha256": found.sha256,
            "files": sorted(str(p.relative_to(found.folder)) for p in found.folder.rglob("*")),
        })
    except BrainbenchError as error:
        answers.append({type(error).__name__: str(error)})
print(json.dumps(answers))
"""


def start(home: Path, questions: list[dict[str, object]], **settings: str) -> Asked:
    """Ask in another process; what is given back waits for the answers."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS_")) and "proxy" not in name.lower()
    }
    environment |= {
        "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_ETAG_TIMEOUT": "5", "HF_HUB_DOWNLOAD_TIMEOUT": "5", **settings,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, json.dumps(questions), str(Path(brainbench.__file__).parent)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    def wait() -> list[dict[str, Any]]:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        answers: list[dict[str, Any]] = json.loads(out)
        return answers

    return wait


@pytest.fixture(scope="module")
def hub(llama_folder: Path) -> Iterator[str]:
    """Address of a hub that holds the tiny model."""
    files = {path.name: path.read_bytes() for path in llama_folder.iterdir()}
    unused = {
        "README.md": b"#", "pytorch_model.bin": b"\x80", "modeling.py": b"x = 1",
        "onnx/config.json": b"{}", "original/params.json": b"{}", "flax_model.msgpack": b"x",
        "original/model.safetensors": b"x", "imatrix.dat": b"x", "tiny.gguf": EMPTY_GGUF,
    }  # fmt: skip
    Hub.commits = {COMMIT: files | unused, OLDER: files | {"config.json": b"{}"}}
    Hub.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


QUESTIONS: dict[str, dict[str, object]] = {
    "model": {"source": REPOSITORY},
    "again": {"source": REPOSITORY},
    "commit": {"source": REPOSITORY, "revision": COMMIT},
    "family": {"source": "some-lab/streams"},
    "older": {"source": REPOSITORY, "revision": "v1"},
    "without weights": {"source": "some-lab/another", "weights": False},
    "code": {"source": REPOSITORY, "code": True},
    "no revision": {"source": REPOSITORY, "revision": "v9"},
    "no model": {"source": "some-lab/nothing"},
    "gated": {"source": "some-lab/gated"},
    "all of it gated": {"source": "some-lab/closed"},
    "down": {"source": "some-lab/down"},
    "silent": {"source": "some-lab/silent"},
    "pickled": {"source": "some-lab/pickled"},
    "no GGUF file": {"source": REPOSITORY, "gguf_file": "x.gguf"},
    "GGUF file": {"source": "some-lab/quants", "gguf_file": "tiny.gguf", "weights": False},
    "off": {"source": REPOSITORY},
    "off, not kept": {"source": "some-lab/another"},
    "unreachable": {"source": REPOSITORY},
}


@pytest.fixture(scope="module")
def answers(hub: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Answers to all questions: with the hub there, not there, and with the network off."""
    home, empty = (tmp_path_factory.mktemp(name) for name in ("home", "empty"))
    questions = list(QUESTIONS.values())
    # nothing listens at the port for discarding
    unreachable = start(empty, questions[-1:], HF_ENDPOINT="http://127.0.0.1:9")
    online = start(home, questions[:-3], HF_ENDPOINT=hub)()
    off = start(home, questions[-3:-1], HF_ENDPOINT=hub, HF_HUB_OFFLINE="1")()
    return dict(zip(QUESTIONS, [*online, *off, *unreachable()], strict=True))


def test_a_model_of_the_hub_is_downloaded(answers: dict[str, Any], llama_folder: Path) -> None:
    found = answers["model"]
    assert (found["name"], found["revision"]) == (REPOSITORY, COMMIT)
    assert found["files"] == sorted(path.name for path in llama_folder.iterdir())
    # the name that large files have on the hub stands for their content
    assert found["sha256"] == find_checkpoint(llama_folder).sha256


def test_what_is_there_is_not_downloaded_again(answers: dict[str, Any]) -> None:
    assert answers["again"] == answers["commit"] == answers["model"]
    assert Hub.asked.count(f"GET /{REPOSITORY}/resolve/{COMMIT}/model.safetensors") == 1


def test_only_what_is_read_is_downloaded(answers: dict[str, Any]) -> None:
    fetched = {line.rsplit("/", 1)[1] for line in Hub.asked if "/resolve/" in line}
    assert "model.safetensors" in fetched
    assert not fetched & {"pytorch_model.bin", "README.md", "imatrix.dat", "flax_model.msgpack"}
    assert not [line for line in Hub.asked if "onnx" in line or "original" in line]


def test_a_revision_is_another_model(answers: dict[str, Any]) -> None:
    assert answers["older"]["revision"] == OLDER
    assert answers["older"]["sha256"] != answers["model"]["sha256"]


def test_weights_that_are_not_needed_are_not_downloaded(answers: dict[str, Any]) -> None:
    found = answers["without weights"]["files"]
    assert "config.json" in found
    assert "model.safetensors" not in found


def test_a_gguf_file_is_downloaded_for_its_configuration_too(answers: dict[str, Any]) -> None:
    found = answers["GGUF file"]
    assert (found["name"], found["revision"]) == ("some-lab/quants:tiny", COMMIT)
    assert found["files"] == ["tiny.gguf"]


def test_code_is_downloaded_where_it_may_run(answers: dict[str, Any]) -> None:
    assert "modeling.py" in answers["code"]["files"]
    assert answers["code"]["sha256"] != answers["model"]["sha256"]


def test_without_network_what_is_kept_is_used(answers: dict[str, Any]) -> None:
    assert answers["off"]["sha256"] == answers["model"]["sha256"]


def test_weights_of_a_family_that_is_not_read_are_not_downloaded(answers: dict[str, Any]) -> None:
    assert "family 'deepseek_v4' are not read" in answers["family"]["DataError"]
    asked = [line for line in Hub.asked if "/streams/" in line]
    assert any(line.endswith("config.json") for line in asked)
    assert not any(line.endswith(".safetensors") for line in asked)


TOLD = {
    "no revision": ("UsageError", "some-lab/tiny-llama has no revision 'v9'"),
    "no model": ("UsageError", "the hub has no model 'some-lab/nothing', or it is private"),
    "gated": ("UsageError", "some-lab/gated is gated: ask for access"),
    "all of it gated": ("UsageError", "some-lab/closed is gated: ask for access"),
    "down": ("UsageError", "not in the local cache and the hub cannot be reached"),
    "silent": ("DataError", "some-lab/silent cannot be downloaded"),
    "pickled": ("DataError", "Pickled weights are not read"),
    "no GGUF file": ("UsageError", "holds no file x.gguf"),
    "off, not kept": ("UsageError", "not in the local cache and the hub cannot be reached"),
    "unreachable": ("UsageError", "not in the local cache and the hub cannot be reached"),
}


@pytest.mark.parametrize("question", TOLD)
def test_why_a_model_cannot_be_had_is_told(question: str, answers: dict[str, Any]) -> None:
    kind, text = TOLD[question]
    assert list(answers[question]) == [kind]
    assert text in answers[question][kind]
