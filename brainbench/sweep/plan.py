"""From a sweep's file to its steps: states of a model once, then each run."""

from __future__ import annotations

import hashlib
import itertools
import json
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from brainbench.errors import UsageError
from brainbench.guidance.options import GUIDANCE_SUITES
from brainbench.models import PHANTOM_FILE
from brainbench.paths import user_path
from brainbench.reasoning import TASK_SUITES
from brainbench.sweep.options import Option
from brainbench.sweep.reading import Place, Source
from brainbench.sweep.schema import AXES, SCORES, ModelEntry, Resources, SweepFile

STATES_ONLY = "--states-only"
_DIGITS = 12
# what is scored, and how: runs that differ in nothing else read the same states of one model
_SCORING = {*SCORES.values(), "dataset", "protocol", "seed", "name", "untrained_activations"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Part):
    """One run, or the states that several runs of one model share."""

    id: str
    """Hash of its commands: the same run has the same one in every sweep."""
    kind: Literal["states", "run"]
    label: str
    """For people: model, score, and what else tells it from the others."""
    commands: list[list[str]]
    """Words after ``brainbench``; one command for a run."""
    needs: list[str] = []
    """Steps that must be done before."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the run, by name."""
    resources: Resources = Resources()


class Plan(_Part):
    """Everything that a sweep does."""

    name: str
    cwd: str
    """Folder that relative paths start from."""
    output_path: str
    cache: str | None = None
    retries: int = 3
    runs_per_job: int = 1
    steps: list[Step]

    @property
    def runs(self) -> list[Step]:
        """The runs, without the steps that read states for them."""
        return [step for step in self.steps if step.kind == "run"]

    def commands(self) -> Iterator[str]:
        """The commands to type, in an order that works."""
        for step in self.steps:
            for words in step.commands:
                yield shlex.join(["brainbench", *words])


class Choice(_Part):
    """One combination before it is a command: its options, and where in the file they stand."""

    options: dict[str, Any]
    model: Place
    score: Place | None


def plan_sweep(
    sweep: SweepFile, source: Source, options: Mapping[str, Option], cwd: Path | None = None
) -> Plan:
    """Every combination of a sweep's file as steps.

    Parameters
    ----------
    sweep : the settings.
    source : where in the file they lie.
    options : of ``brainbench evaluate``, by name, in its order.
    cwd : folder that relative paths start from; by default the current one.

    Raises
    ------
    UsageError
        When two combinations are the same run, or all are excluded.
    """
    seen: dict[str, Choice] = {}
    groups: dict[str, list[Step]] = {}
    names = _names_of({entry.model for entry in sweep.models})
    for choice in choices(sweep, source):
        given = {**choice.options, "output_path": sweep.output_path}
        words = ["evaluate", *_words(given, options)]
        step = Step(
            id=_hash(words),
            kind="run",
            label=_label(choice.options, names),
            commands=[words],
            options=choice.options,
            resources=_entry(sweep, choice).resources.over(sweep.resources),
        )
        same = _hash(_words({**given, "model": _place_of(given["model"])}, options))
        if same in seen:
            raise _twice(choice, seen[same], source)
        seen[same] = choice
        group = {name: value for name, value in given.items() if name not in _SCORING}
        groups.setdefault(_hash(group), []).append(step)
    steps = [step for group in groups.values() for step in _with_states(group, options, names)]
    if not steps:
        raise source.fault(("exclude",), "exclude leaves no run")
    return Plan(
        name=sweep.name,
        cwd=str(cwd or Path.cwd()),
        output_path=sweep.output_path,
        cache=sweep.cache,
        retries=sweep.retries,
        runs_per_job=sweep.runs_per_job,
        steps=steps,
    )


def choices(sweep: SweepFile, source: Source) -> list[Choice]:
    """Every combination that is not excluded.

    Raises
    ------
    UsageError
        When an exclusion matches none.
    """
    found = [*_combinations(sweep)]
    used: set[int] = set()
    kept = []
    for choice in found:
        matching = [i for i, one in enumerate(sweep.exclude) if _matches(choice.options, one)]
        used.update(matching)
        if not matching:
            kept.append(choice)
    for place in range(len(sweep.exclude)):
        if place not in used:
            raise source.fault(("exclude", place), "no run has these values: nothing is excluded")
    return kept


def _combinations(sweep: SweepFile) -> Iterator[Choice]:
    scores: list[tuple[dict[str, Any], Place | None]] = [
        (entry.options, (name, place))
        for name in SCORES
        for place, entry in enumerate(getattr(sweep, name))
    ] or [({}, None)]
    for number, model in enumerate(sweep.models):
        lists = {option: _axis(sweep, model, name, option) for name, option in AXES.items()}
        for values in itertools.product(*(lists[name] for name in lists if name != "seed")):
            axes = dict(zip((name for name in lists if name != "seed"), values, strict=True))
            for score, place in scores:
                for seed in lists["seed"]:
                    layers = {**sweep.defaults, **axes, "seed": seed}
                    chosen = {k: v for k, v in layers.items() if v is not None}
                    every = {"model": model.model, **chosen, **model.options, **score}
                    yield Choice(
                        options={k: v for k, v in every.items() if v is not None},
                        model=("models", number),
                        score=place,
                    )


def _axis(sweep: SweepFile, model: ModelEntry, name: str, option: str) -> Sequence[Any]:
    """Values of a list for a model: its own, or those of all; else that of the defaults."""
    if option in model.options:
        return [model.options[option]]
    values: Sequence[Any] | None = getattr(model, name) or getattr(sweep, name)
    return values or [sweep.defaults.get(option)]


def _matches(options: Mapping[str, Any], excluded: Mapping[str, Any]) -> bool:
    return all(
        options.get(name) in (value if isinstance(value, list) else [value])
        or options.get(name) == value
        for name, value in excluded.items()
    )


def _words(given: Mapping[str, Any], options: Mapping[str, Option]) -> list[str]:
    return [word for name, one in options.items() for word in one.words(given.get(name))]


def _with_states(
    runs: Sequence[Step], options: Mapping[str, Option], names: Mapping[str, str]
) -> list[Step]:
    """Runs of one model, after a step that reads the states that several of them share."""
    reading = [run for run in runs if _reads_states(run.options)]
    if len(reading) < 2:
        return list(runs)
    commands = []
    for run in reading:
        # states depend on neither
        given = {k: v for k, v in run.options.items() if k not in ("seed", "name")}
        words = ["evaluate", *_words(given, options), STATES_ONLY]
        if words not in commands:
            commands.append(words)
    shared = {k: v for k, v in reading[0].options.items() if k not in _SCORING}
    states = Step(
        id=_hash(commands),
        kind="states",
        label=f"{_label(shared, names)}: states",
        commands=commands,
        options=shared,
        resources=reading[0].resources,
    )
    ids = {run.id for run in reading}
    return [states] + [
        run.model_copy(update={"needs": [states.id]}) if run.id in ids else run for run in runs
    ]


def _reads_states(options: Mapping[str, Any]) -> bool:
    """Whether a run reads states or answers that the cache keeps."""
    model, suite = str(options["model"]), options.get("suite")
    if model == PHANTOM_FILE or model.lower().endswith(".safetensors") or ":" in model:
        return False
    if suite in TASK_SUITES or suite in GUIDANCE_SUITES:
        return bool(options.get("benchmarks"))
    return not options.get("tasks") or any(options.get(k) for k in ("benchmarks", "suite"))


def _names_of(models: Collection[str]) -> dict[str, str]:
    """Model → what it is called: the end of its name, or all of it where another ends alike."""
    ends = {model: PurePath(model).name or model for model in models}
    counts = Counter(ends.values())
    return {model: end if counts[end] == 1 else model for model, end in ends.items()}


def _label(options: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """``nano, behavior, seed 1``."""
    parts = [names[str(options["model"])]]
    for name in ("revision", "dtype", "peft", "steer"):
        if options.get(name) is not None:
            parts.append(PurePath(str(options[name])).name)
    for name in SCORES.values():
        if (value := options.get(name)) is not None:
            parts.append(", ".join(map(str, value)) if isinstance(value, list) else str(value))
    others = {"protocol", "limit", "num_fewshot"}
    parts += [f"{name} {options[name]}" for name in sorted(others & options.keys())]
    if options.get("seed") is not None:
        parts.append(f"seed {options['seed']}")
    return ", ".join(parts)


def _place_of(model: str) -> str:
    """A model by the place of its files: ``./model`` and ``model`` are one."""
    path = user_path(model)
    try:
        return str(path.resolve()) if path.exists() else model
    except OSError:
        return model


def _entry(sweep: SweepFile, choice: Choice) -> ModelEntry:
    number = choice.model[1]
    assert isinstance(number, int)
    return sweep.models[number]


def _twice(one: Choice, other: Choice, source: Source) -> UsageError:
    if one.model != other.model:
        first = source.at(*other.model)
        return source.fault(
            one.model,
            f"the model {one.options['model']} stands twice (first in {first}): give it once, with "
            "lists of what differs, such as revisions: or dtypes:",
        )
    model = one.options["model"]
    label = _label(one.options, {model: model})
    return source.fault(one.score or one.model, f"the run '{label}' stands twice: keep one of them")


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
