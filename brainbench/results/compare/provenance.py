"""What is not the same in two runs: model, prompts, data, versions, settings, seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from brainbench.datasets import share_people_or_problems
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.results.compare.comparison import Differing
from brainbench.results.compare.items import count_prompts, task_names
from brainbench.results.finished import FinishedRun
from brainbench.results.record import Record

Kind = Literal["model", "prompt", "data", "versions", "settings", "seeds", "run"]
_PROMPT = ("chat_template_sha256", "prompt", "prompt_sha256")
# settings that decide what is asked, and how it is put
_ASKED = ("options.prompt_template", "options.think", "apply_chat_template", "num_fewshot",
          "system_instruction", "fewshot_as_multiturn", "samples")  # fmt: skip
_SEEDS = ("seed", "options.untrained")


def differences(baseline: FinishedRun, other: FinishedRun) -> list[Differing]:
    """Everything that differs, what bears on the numbers first.

    Parameters
    ----------
    baseline, other : the two runs, with the folders in which their samples are.
    """
    found = [
        *_model(baseline.record, other.record),
        *_prompts(baseline, other),
        *_of("data", *(_data(run.record) for run in (baseline, other))),
        *_of("versions", *(_versions(run.record) for run in (baseline, other))),
        *_settings(baseline.record, other.record),
        *_layers(baseline.record, other.record),
        *_of("run", {"status": baseline.record.status}, {"status": other.record.status}),
    ]
    return list({(one.kind, one.name): one for one in found}.values())


def _of(kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Differing]:
    for name in dict.fromkeys([*before, *after]):
        values = before.get(name), after.get(name)
        if values[0] != values[1]:
            yield Differing(kind=kind, name=name, baseline=values[0], other=values[1])


def _model(baseline: Record, other: Record) -> Iterator[Differing]:
    """What it learned from first: it bears on every number."""
    yield from _of("model", *({"learned_from": _learned(run)} for run in (baseline, other)))
    facts = [
        _flat(run.model.model_dump(exclude={"learned_from", "folders", "apart"}))
        for run in (baseline, other)
    ]
    for one in _of("model", *facts):
        yield one.model_copy(update={"kind": "prompt"}) if one.name in _PROMPT else one


def _prompts(baseline: FinishedRun, other: FinishedRun) -> Iterator[Differing]:
    """Tasks whose prompts differ, by their hashes."""
    names = task_names(other)
    for name in (name for name in task_names(baseline) if name in names):
        differing, shared = count_prompts(baseline, other, name)
        if differing:
            difference = f"another text in {differing} of {shared} items"
            yield Differing(kind="prompt", name=name, baseline="", other=difference)
    for name, info in baseline.record.tasks.items():
        found = other.record.tasks.get(name)
        if found is not None and found.n_shot != info.n_shot:
            yield Differing(
                kind="prompt", name=f"{name}, examples", baseline=info.n_shot, other=found.n_shot
            )


def _learned(record: Record) -> str | None:
    """What its steering or adapter was made from, and whether it is scored on those people."""
    origins = []
    for origin in record.model.learned_from:
        own = any(share_people_or_problems(origin, dataset.name) for dataset in record.datasets)
        origins.append(f"{origin}, whose people or problems it is scored on" if own else origin)
    return "; ".join(origins) or None


def _layers(baseline: Record, other: Record) -> Iterator[Differing]:
    """Where both were guided: no reason to refuse, for models of another depth have others."""
    before, after = ({one.identifier: one for one in _guided(run)} for run in (baseline, other))
    layers: list[dict[str, list[str]]] = [{}, {}]
    for name in (name for name in before if name in after):
        for held, one in zip(layers, (before[name], after[name]), strict=True):
            spans = held.setdefault(f"{name.partition('/')[0]}, layers", [])
            spans += [span for span in (_span(one.layers),) if span not in spans]
    yield from _of("settings", *({k: "; ".join(v) for k, v in held.items()} for held in layers))


def _guided(record: Record) -> list[GuidanceScore | SearchScore]:
    return [*record.gains, *record.searches]


def _span(layers: Sequence[int]) -> str:
    if len(layers) > 1 and list(layers) == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]} to {layers[-1]}"
    return ", ".join(map(str, layers))


def _data(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for dataset in record.datasets:
        found[f"{dataset.name}, version"] = dataset.version
        found[f"{dataset.name}, sha256"] = dataset.data_sha256
    for name, info in record.tasks.items():
        found[f"{name}, sha256"] = info.sha256
    return found


def _versions(record: Record) -> dict[str, Any]:
    asked: dict[str, Any] = {name: info.version for name, info in record.tasks.items()}
    return {**record.versions, **record.benchmarks, **asked}


def _settings(baseline: Record, other: Record) -> Iterator[Differing]:
    for one in _of("settings", *(_flat(run.config) for run in (baseline, other))):
        if one.name in _SEEDS:
            yield one.model_copy(update={"kind": "seeds"})
        else:
            yield one.model_copy(update={"kind": "prompt"}) if one.name in _ASKED else one


def _flat(values: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """``options.dtype`` and so on, from values inside values."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping) and value and depth < 8:
            found |= _flat(value, f"{path}.", depth + 1)
        else:
            found[path] = value
    return found
