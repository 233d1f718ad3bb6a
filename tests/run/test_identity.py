"""What is in the key of a run, and of each cache: everything that changes a number, listed.

Each entry of a table is changed alone. A new option of the dataclasses must be put into a table,
or a test fails that names it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tiny_models import CHAT_TEMPLATE, build_model, make_tokenizer
from tiny_steerings import make_steering

from brainbench import closure, source
from brainbench.benchmarks import load_benchmark
from brainbench.benchmarks.ceilings import _content_key, _entry, ceiling_key
from brainbench.benchmarks.cell import prepare_cell
from brainbench.datasets import load_recording
from brainbench.guidance.options import GuidanceOptions
from brainbench.models import LanguageModel, MadeFor, ModelOptions, load_model, save_steering
from brainbench.models.prompts.batches import Batch
from brainbench.paths import activations_path
from brainbench.reasoning import TaskOptions
from brainbench.reasoning.backends import identity
from brainbench.reasoning.lm.response_cache import ResponseCache
from brainbench.run import Settings
from brainbench.run.guidance import plan_guidance
from brainbench.run.inputs import load_data
from brainbench.run.record import new_record
from brainbench.run.tasks import find_tasks

ONE = ("phantom.noise.all-ridge",)
TASK: dict[str, Any] = {"names": (), "tasks": ("sizes",)}
GUIDED: dict[str, Any] = {"modes": ("steering",), "dataset": "phantom_guidance"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, an adapter, a steering, a wording and tasks, for all tests of this file."""
    root = tmp_path_factory.mktemp("identity")
    model, tokenizer = build_model("llama"), make_tokenizer()
    tokenizer.chat_template = CHAT_TEMPLATE
    model.save_pretrained(root / "tiny")
    tokenizer.save_pretrained(root / "tiny")
    torch.manual_seed(0)
    get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(root / "lora")
    steering = make_steering(MadeFor.of(load(root / "tiny")), ("all",))
    save_steering(steering, root / "steer")
    turns = [{"role": "user", "content": "{{ premises | join(' ') }} {{ conclusion }}?"}]
    (root / "terse.yaml").write_text(yaml.safe_dump({"name": "terse", "all": turns}), "utf-8")
    (root / "tasks").mkdir()
    task = {
        "task": "sizes",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(root / "tasks" / "sizes.jsonl")}},
        "test_split": "test",
        "fewshot_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": ["True", "False"],
        "doc_to_target": "label",
        "metric_list": [{"metric": "acc"}],
        "metadata": {"version": 1},
    }
    (root / "tasks" / "sizes.yaml").write_text(yaml.safe_dump(task), "utf-8")
    rows = [{"question": f"Is {i} more than 2?", "label": str(i > 2)} for i in range(4)]
    (root / "tasks" / "sizes.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return root


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    shutil.copytree(made, tmp_path / "own")
    task = tmp_path / "own" / "tasks" / "sizes.yaml"
    task.write_text(task.read_text("utf-8").replace(str(made), str(tmp_path / "own")), "utf-8")
    return tmp_path / "own"


def load(folder: Path, **options: Any) -> LanguageModel:
    found = load_model(folder, ModelOptions(**options))
    assert isinstance(found, LanguageModel)
    return found


def run_id(
    root: Path,
    names: tuple[str, ...] = ONE,
    *,
    source: str = "tiny",
    options: dict[str, Any] | None = None,
    tasks: tuple[str, ...] = (),
    task_options: dict[str, Any] | None = None,
    guidance: dict[str, Any] | None = None,
    untrained: str | None = None,
    change: Callable[[Any], Any] = lambda data: data,
    **settings: Any,
) -> str:
    """Of the run that this would be; nothing is computed."""
    chosen = Settings(
        **{"protocol": "published", **settings},
        options=ModelOptions(**(options or {})),
        task_options=TaskOptions(include_path=(str(root / "tasks"),), **(task_options or {})),
        guidance=GuidanceOptions(**(guidance or {})),
        untrained_activations=untrained,
    )
    model = load_model(root / source, chosen.options)
    benchmarks = [load_benchmark(name, chosen.protocol) for name in names]
    asked = find_tasks(tasks, model, chosen.task_options) if tasks else None
    planned = plan_guidance(chosen.guidance, model, chosen) if guidance else None
    data = change(load_data(benchmarks, chosen.limit))
    drawn = None if untrained is None else load_model(untrained)
    return new_record(model, root / source, benchmarks, data, chosen, drawn, asked, planned).run_id


@cache
def plain_id(root: Path, what: str = "") -> str:
    """Of the run that the tables are held against, made once."""
    kinds: dict[str, dict[str, Any]] = {
        "": {}, "tasks": TASK, "guidance": {"names": (), "guidance": GUIDED},
    }  # fmt: skip
    return run_id(root, **kinds[what])


# ---------------------------------------------------------------- what is asked


def _template(root: Path) -> dict[str, Any]:
    return {"options": {"prompt_template": str(root / "terse.yaml")}}


def _steer(root: Path, **more: Any) -> dict[str, Any]:
    return {"options": {"steer": str(root / "steer"), **more}}


def _plain(**given: Any) -> Callable[[Path], dict[str, Any]]:
    return lambda root: given


# option → how it is given; of every one that changes a number
OPTIONS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "dtype": _plain(options={"dtype": "bfloat16"}),
    "batch_size": _plain(options={"batch_size": 3}),
    "attn_implementation": _plain(options={"attn_implementation": "eager"}),
    "peft": lambda root: {"options": {"peft": str(root / "lora")}},
    "untrained": _plain(options={"untrained": 0}),
    "prompt_template": _template,
    "think": _plain(options={"think": True}),
    "readout": _plain(options={"readout": "premises"}),
    "steer": _steer,
}
# changes a number only beside another one
WITH_OTHERS: dict[str, tuple[Callable[[Path], dict[str, Any]], ...]] = {
    "untrained": (_plain(options={"untrained": 0}), _plain(options={"untrained": 1})),
    "max_new_tokens": (
        _plain(options={"think": True, "max_new_tokens": 7}),
        _plain(options={"think": True, "max_new_tokens": 8}),
    ),
    "strength": (_steer, lambda root: _steer(root, strength=2.0)),
    "steer_tokens": (_steer, lambda root: _steer(root, steer_tokens="all")),
}
# told by the files they lead to, or by the device the machine has: tests of their own
BY_WHAT_IS_FOUND = {"revision", "gguf_file", "trust_remote_code", "device"}


def test_every_option_of_a_model_is_listed() -> None:
    listed = OPTIONS.keys() | WITH_OTHERS.keys() | BY_WHAT_IS_FOUND
    assert listed == {option.name for option in fields(ModelOptions)}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_in_the_id(option: str, made: Path) -> None:
    assert run_id(made, **OPTIONS[option](made)) != plain_id(made)


@pytest.mark.parametrize("option", WITH_OTHERS)
def test_an_option_beside_others_is_in_the_id(option: str, made: Path) -> None:
    one, other = (run_id(made, **given(made)) for given in WITH_OTHERS[option])
    assert one != other


def test_a_device_is_in_the_id(made: Path) -> None:
    model = load(made / "tiny")
    before = model.computed_with
    model.device = "cuda"
    assert model.computed_with != before


SETTINGS: dict[str, dict[str, Any]] = {
    "protocol": {"protocol": "controlled"},
    "seed": {"seed": 1},
    "limit": {"limit": 20},
    "untrained_activations": {"protocol": "controlled", "untrained": str(activations_path())},
}


def test_every_setting_is_listed() -> None:
    parts = {"options", "task_options", "guidance"}
    assert SETTINGS.keys() | parts == {setting.name for setting in fields(Settings)}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_is_in_the_id(setting: str, made: Path) -> None:
    given = SETTINGS[setting]
    others = setting == "untrained_activations"
    plain = run_id(made, protocol="controlled") if others else plain_id(made)
    assert run_id(made, **given) != plain


def test_the_units_that_are_scored_are_in_the_id(made: Path) -> None:
    one, other = (
        run_id(made, protocol="controlled", options={"readout": readout})
        for readout in ("last", "localised")
    )
    assert one != other


def test_benchmarks_and_their_versions_are_in_the_id(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [plain_id(made), run_id(made, (*ONE, "phantom.signal.all-ridge"))]
    monkeypatch.setattr("brainbench.benchmarks.published.benchmark.VERSION", 99)
    found.append(run_id(made))
    assert len(set(found)) == 3


# ---------------------------------------------------------------- what is found


def _edit(name: str, **changes: Any) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        file = root / name
        file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")

    return change


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text("utf-8")
        assert old in text
        (root / name).write_text(text.replace(old, new), "utf-8")

    return change


def _weight(file: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        weights = load_file(root / file)
        first = sorted(weights)[0]
        weights[first] = weights[first] + 1e-3
        save_file(weights, root / file, {"format": "pt"})

    return change


def _spaces(root: Path) -> None:
    file = root / "tiny" / "tokenizer.json"
    rules = json.loads(file.read_text("utf-8"))
    rules["pre_tokenizer"]["add_prefix_space"] = True
    file.write_text(json.dumps(rules), "utf-8")


def _directions(root: Path) -> None:
    steering = make_steering(MadeFor.of(load(root / "tiny")), ("syllogistic",))
    shutil.rmtree(root / "steer")
    save_steering(steering, root / "steer")


# what lies on the disk → how it is changed, and the run that reads it
FOUND: dict[str, tuple[Callable[[Path], None], Callable[[Path], dict[str, Any]]]] = {
    "weights": (_weight("tiny/model.safetensors"), _plain()),
    "configuration": (_edit("tiny/config.json", rms_norm_eps=1e-3), _plain()),
    "generation": (_edit("tiny/generation_config.json", eos_token_id=7), _plain()),
    "tokenizer": (_spaces, _plain()),
    "special tokens": (_edit("tiny/tokenizer_config.json", bos_token="<pad>"), _plain()),
    "chat template": (_replace("tiny/chat_template.jinja", "<s>", "<pad>"), _plain()),
    "adapter": (_weight("lora/adapter_model.safetensors"), OPTIONS["peft"]),
    "scale of the adapter": (_edit("lora/adapter_config.json", lora_alpha=64), OPTIONS["peft"]),
    "directions": (_directions, OPTIONS["steer"]),
    "wording": (_replace("terse.yaml", "?", "!"), OPTIONS["prompt_template"]),
    "items of a task": (_replace("tasks/sizes.jsonl", "more", "less"), _plain(**TASK)),
    "labels of a task": (_replace("tasks/sizes.jsonl", '"True"', '"False"'), _plain(**TASK)),
    "file of a task": (_replace("tasks/sizes.yaml", "{{question}}", "Q: {{question}}"),
                       _plain(**TASK)),
    "code of a task": (lambda root: (root / "tasks" / "utils.py").write_text("x = 1\n"),
                       _plain(**TASK)),
}  # fmt: skip


@pytest.mark.parametrize("what", FOUND)
def test_what_is_found_is_in_the_id(what: str, own: Path) -> None:
    change, given = FOUND[what]
    before = run_id(own, **given(own))
    change(own)
    assert run_id(own, **given(own)) != before


def test_data_are_in_the_id(made: Path) -> None:
    def other(data: Any) -> Any:
        (name,) = data.recordings
        changed = replace(data.recordings[name], data_sha256="0" * 64)
        return replace(data, recordings={name: changed})

    assert run_id(made, change=other) != plain_id(made)


def test_a_card_is_in_the_id_but_for_its_text(made: Path) -> None:
    def given(**changes: Any) -> Any:
        def other(data: Any) -> Any:
            (name,) = data.recordings
            recording = data.recordings[name]
            card = recording.card.model_copy(update=changes)
            return replace(data, recordings={name: replace(recording, card=card)})

        return other

    assert run_id(made, change=given(notes=("another",), urls=())) == plain_id(made)
    assert run_id(made, change=given(selection_leak=("signal",))) != plain_id(made)


TASK_OPTIONS: dict[str, Any] = {
    "num_fewshot": {"num_fewshot": 1},
    "apply_chat_template": {"apply_chat_template": True},
    "gen_kwargs": {"gen_kwargs": {"max_gen_toks": 3}},
    "log_samples": {"log_samples": True},
}
# in the id where they are given, so that ids from before they were there stay as they are
LATER_OPTIONS: dict[str, Any] = {
    "system_instruction": {"system_instruction": "Answer."},
    "fewshot_as_multiturn": {"apply_chat_template": True, "fewshot_as_multiturn": False},
    "samples": {"samples": {"sizes": [0]}},
    "predict_only": {"predict_only": True},
}
# vLLM's; the folders are told by what lies in them
OF_TASKS_OTHERWISE = {"backend", "model_args", "include_path"}


def test_every_option_of_tasks_is_listed() -> None:
    listed = TASK_OPTIONS.keys() | OF_TASKS_OTHERWISE
    assert listed | LATER_OPTIONS.keys() == {option.name for option in fields(TaskOptions)}
    assert TaskOptions().identity().keys() == listed - {"include_path"}


@pytest.mark.parametrize("option", LATER_OPTIONS)
def test_a_later_option_is_in_what_is_hashed_where_it_is_given(option: str) -> None:
    given = LATER_OPTIONS[option]
    without = {name: value for name, value in given.items() if name != option}
    found = TaskOptions(**given).identity()
    assert found.keys() - TaskOptions(**without).identity().keys() == {option}


@pytest.mark.parametrize("option", TASK_OPTIONS)
def test_an_option_of_tasks_is_in_the_id(option: str, made: Path) -> None:
    found = run_id(made, **TASK, task_options=TASK_OPTIONS[option])
    assert found != plain_id(made, "tasks")


def test_which_tasks_and_how_many_items_are_in_the_id(made: Path) -> None:
    found = [plain_id(made), plain_id(made, "tasks"), run_id(made, tasks=("sizes",)),
             run_id(made, **TASK, limit=2)]  # fmt: skip
    assert len(set(found)) == 4


GUIDANCE: dict[str, dict[str, Any]] = {
    "modes": {"modes": ("finetuning",)},
    "dataset": {"dataset": "phantom"},
    "rois": {"rois": ("validity",)},
    "tier": {"tier": "full"},
    "tests": {"tests": ("three premises, syllogistic",)},
    "epochs": {"epochs": 2},
    "answers": {"answers": "scanned"},
    "methods": {"methods": ("one step", "own map")},
    "forms": {"forms": ("published",)},
    "recipes": {"recipes": ("language+representation",)},
    "seeds": {"seeds": 3},
    "limit": {"limit": 0.2},
}


def test_every_option_of_guidance_is_listed() -> None:
    # arms are of plugins: tests/plugins
    assert GUIDANCE.keys() | {"arms"} == {option.name for option in fields(GuidanceOptions)}


@pytest.mark.parametrize("option", GUIDANCE)
def test_an_option_of_guidance_is_in_the_id(option: str, made: Path) -> None:
    # of fine-tuning alone
    base = GUIDED | (GUIDANCE["modes"] if option == "recipes" else {})
    found = run_id(made, (), guidance=base | GUIDANCE[option])
    assert found != run_id(made, (), guidance=base)


def test_problems_that_guidance_tests_are_in_the_id(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plain_id(made, "guidance")
    monkeypatch.setattr("brainbench.run.record.tests_sha256", lambda: "0" * 64)
    assert run_id(made, (), guidance=GUIDED) != before


@pytest.mark.parametrize("name", ["torch", "peft", "gguf", "numpy", "brainbench", "source"])
def test_versions_are_in_the_id(name: str, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from brainbench.run import record as module

    before, known = plain_id(made), module.versions
    monkeypatch.setattr(module, "versions", lambda *given: known(*given) | {name: "0"})
    assert run_id(made) != before


# ---------------------------------------------------------------- what changes no number


def _elsewhere(root: Path) -> None:
    (root / "other").mkdir()
    shutil.move(root / "tiny", root / "other" / "tiny")
    (root / "tiny").symlink_to(root / "other" / "tiny")


NOTHING: dict[str, tuple[Callable[[Path], object], dict[str, Any]]] = {
    "made again": (lambda root: None, {}),
    "where the model lies": (_elsewhere, {}),
    "a file beside it that is not read": (lambda r: (r / "tiny" / "README.md").write_text("x"), {}),
    "tokens that nobody generates": (lambda root: None, {"options": {"max_new_tokens": 9}}),
    "the batch size by its own name": (lambda root: None, {"options": {"batch_size": 32}}),
    "the number format by its own name": (lambda root: None, {"options": {"dtype": "float32"}}),
    "how tasks are asked where none is": (lambda r: None, {"task_options": {"num_fewshot": 3}}),
}


@pytest.mark.parametrize("what", NOTHING)
def test_what_changes_no_number_is_not_in_the_id(what: str, own: Path) -> None:
    before = run_id(own)
    change, given = NOTHING[what]
    change(own)
    assert run_id(own, **given) == before


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Adds lines to a file of the package, as far as keys can see."""
    root = tmp_path / "brainbench"
    shutil.copytree(Path(closure.__file__).parent, root, ignore=lambda folder, names: [
        name for name in names if not (Path(folder, name).is_dir() or name.endswith(".py"))
    ])  # fmt: skip

    def change(file: str | None = None, text: str = "\n_CHANGED = 1\n") -> None:
        if file is not None:
            with (root / file).open("a", encoding="utf-8") as opened:
                opened.write(text)
        monkeypatch.setattr(closure, "_TREE", closure.SourceTree(root))
        source.computing_versions.cache_clear()

    yield change
    monkeypatch.undo()
    source.computing_versions.cache_clear()


def test_code_counts_where_it_can_be_reached(made: Path, edit: Callable[..., None]) -> None:
    def keys() -> dict[str, str]:
        model = load(made / "tiny")
        return {
            "reading": model._key(BATCH),
            "answers": json.dumps(identity(model, TaskOptions())),
            "ceiling": _entry("a ceiling"),
            "scores": run_id(made),
            "tasks": run_id(made, **TASK),
        }

    def stale() -> set[str]:
        found = keys()
        return {name for name in found if found[name] != before[name]}

    edit()
    before = keys()
    assert stale() == set()
    for file in ("cli/evaluate.py", "cli/main.py", "leaderboard/boards/standings.py"):
        edit(file)
    edit("encoding/published/ridge.py", '\n"""What it is."""\n# why\n')
    assert stale() == set()
    edit("encoding/published/ridge.py")
    assert stale() == {"ceiling", "scores"}
    edit("reasoning/lm/likelihoods.py")
    assert stale() == {"ceiling", "scores", "tasks", "answers"}
    edit("models/forward/reader.py")
    assert stale() == set(before)


def test_the_commit_is_not_in_the_id(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from brainbench.run import record as module

    before, known = plain_id(made), module.versions
    monkeypatch.setattr(module, "versions", lambda *given: known(*given) | {"git": "0"})
    assert run_id(made) == before


# ---------------------------------------------------------------- caches

BATCH = Batch(rows=(0, 1), prefix=(1, 2), suffixes=((3,), (4, 5)), groups=("all", "all"))
STATES: dict[str, Callable[[Path], tuple[dict[str, Any], dict[str, Any]]]] = {
    "weights": lambda root: ({"untrained": 0}, {}),
    "adapter": lambda root: ({"peft": str(root / "lora")}, {}),
    "number format": lambda root: ({"dtype": "bfloat16"}, {}),
    "thoughts": lambda root: ({"think": True}, {}),
    "readout": lambda root: ({"readout": "premises"}, {}),
    "directions": lambda root: ({"steer": str(root / "steer")}, {}),
    "beginning": lambda root: ({}, {"prefix": (1,)}),
    "prompts": lambda root: ({}, {"suffixes": ((3,), (4, 6))}),
}


@pytest.mark.parametrize("what", STATES)
def test_a_reading_is_kept_under_all_that_it_depends_on(what: str, made: Path) -> None:
    options, changes = STATES[what](made)
    plain = load(made / "tiny")._key(BATCH)
    assert load(made / "tiny", **options)._key(replace(BATCH, **changes)) != plain
    assert load(made / "tiny", batch_size=2)._key(replace(BATCH, rows=(2, 3))) == plain


def test_a_steered_reading_is_kept_by_the_group_of_each_prompt(made: Path) -> None:
    model = load(made / "tiny", steer=str(made / "steer"))
    assert model._key(BATCH) != model._key(replace(BATCH, groups=("all", None)))


RESPONSES: dict[str, dict[str, Any]] = {
    "weights": {"weights_sha256": "0" * 64},
    "number format": {"dtype": "float16"},
    "device": {"device": "cuda"},
    "revision": {"facts": {"revision": "c0ffee", "chat_template_sha256": "1"}},
    "chat template": {"facts": {"revision": None, "chat_template_sha256": "2"}},
    "directions": {"acting": SimpleNamespace(sha256="3")},
}
RESPONSE_OPTIONS: dict[str, TaskOptions] = {
    "chat": TaskOptions(),
    "model_args": TaskOptions(backend="vllm", model_args={"max_model_len": 9},
                              apply_chat_template=True),
}  # fmt: skip


@pytest.mark.parametrize("what", [*RESPONSES, *RESPONSE_OPTIONS])
def test_an_answer_is_kept_under_all_that_it_depends_on(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brainbench.models.vllm.library.vllm_version", lambda: "0")

    def key(options: TaskOptions, **changes: Any) -> str:
        plain = {
            "weights_sha256": "a", "dtype": "float32", "device": "cpu", "acting": None,
            "facts": {"revision": None, "chat_template_sha256": "1"},
        }  # fmt: skip
        model: Any = SimpleNamespace(**plain | changes)
        return ResponseCache(tmp_path, identity(model, options)).key(prompt="?")

    chat = TaskOptions(apply_chat_template=True)
    given = RESPONSE_OPTIONS.get(what, chat)
    assert key(given, **RESPONSES.get(what, {})) != key(chat)


@pytest.mark.parametrize("name", ["torch", "transformers", "accelerate", "peft", "gguf"])
def test_readings_and_answers_are_kept_by_the_versions_that_made_them(
    name: str, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keys() -> list[str]:
        source.computing_versions.cache_clear()
        model = load(made / "tiny")
        return [model._key(BATCH), json.dumps(identity(model, TaskOptions()))]

    before, known = keys(), source.metadata.version
    with monkeypatch.context() as patch:
        patch.setattr(source.metadata, "version", lambda n: "0" if n == name else known(n))
        after = keys()
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert keys() == before


def test_a_ceiling_is_kept_under_all_that_it_depends_on() -> None:
    recording = load_recording("phantom", ("signal", "noise"))

    def cell(changed: Any = recording, kind: str = "syllogistic", **more: Any) -> Any:
        return prepare_cell(changed, kind, ["signal", "noise"], **more)

    plain, assembly = _content_key(cell(), "signal"), recording.assembly
    values = assembly.values.copy()
    values[0, 0] += 1e-9
    subjects = list(dict.fromkeys(assembly["subject"].values))[1:]
    found = {
        "ROI": _content_key(cell(), "noise"),
        "reasoning type": _content_key(cell(kind="transitive"), "signal"),
        "items": _content_key(cell(limit=20), "signal"),
        "stated hash": _content_key(cell(replace(recording, data_sha256="0")), "signal"),
        "responses": _content_key(
            cell(replace(recording, assembly=assembly.copy(data=values))), "signal"
        ),
        "people": _content_key(
            cell(
                replace(
                    recording,
                    assembly=assembly.isel(neuroid=assembly["subject"].isin(subjects).values),
                )
            ),
            "signal",
        ),
        "fewer voxels": _content_key(
            cell(replace(recording, assembly=assembly.isel(neuroid=slice(1, None)))), "signal"
        ),
    }
    assert plain not in found.values()
    assert len(set(found.values())) == len(found)
    assert _content_key(cell(), "signal") == plain
    # of a model nothing is in it
    assert ceiling_key(cell(), "signal") != plain
