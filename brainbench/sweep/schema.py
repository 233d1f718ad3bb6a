"""What a sweep's file may hold. Docs: ``docs/sweep.md``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from brainbench.sweep.options import Option

# list in a file → option of `brainbench evaluate` that takes one of its values in each run
AXES = {
    "revisions": "revision",
    "dtypes": "dtype",
    "adapters": "peft",
    "steering": "steer",
    "seeds": "seed",
}
# what is scored: each value of these lists is scored in a run of its own
SCORES = {"suites": "suite", "benchmarks": "benchmarks", "tasks": "tasks"}
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])i?B?", re.IGNORECASE)
_TIME = re.compile(r"(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?", re.IGNORECASE)


def _memory(text: str) -> str:
    found = _MEMORY.fullmatch(text.strip())
    if not found or float(found[1]) == 0:
        raise ValueError("write a size with its unit, as in 32GB or 500MB")
    return text


def _time(text: str) -> str:
    found = _TIME.fullmatch(text.strip())
    if not found or not any(int(part or 0) for part in found.groups()):
        raise ValueError("write a time with its unit, as in 90min, 2h or 1d 12h")
    return text


def _as_list(value: Any) -> Any:
    """A single value where a list may stand is a list of one."""
    return value if isinstance(value, list) else [value]


def _or_none(value: Any) -> Any:
    return [None if one == "none" else one for one in _as_list(value)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Resources(_Part):
    """What a job asks Slurm for. On this machine, only ``gpus`` counts: more than none says that
    every run has a process of its own.
    """

    cpus: int | None = Field(default=None, ge=1)
    """Cores of a job, and threads of its runs."""
    gpus: int | None = Field(default=None, ge=0)
    """GPUs of a job."""
    memory: Annotated[str, AfterValidator(_memory)] | None = None
    """Of a job, with its unit: ``32GB``."""
    time: Annotated[str, AfterValidator(_time)] | None = None
    """Limit of a job, with its unit: ``90min``, ``2h``, ``1d 12h``. By default 4 hours."""
    partition: str | None = Field(default=None, min_length=1)
    """Of Slurm; by default its own."""
    account: str | None = None
    """Whom Slurm charges."""
    qos: str | None = None
    """Slurm's quality of service."""
    constraint: str | None = None
    """Features that a node must have."""
    slurm: dict[str, str | int | bool] = {}
    """More options of ``sbatch``, as ``{reservation: mine}``."""

    def over(self, other: Resources) -> Resources:
        """These, and what another says where these say nothing."""
        given = self.model_dump(exclude_unset=True)
        return other.model_copy(
            update={**given, **({"slurm": {**other.slurm, **self.slurm}} if self.slurm else {})}
        )

    @property
    def memory_gb(self) -> float | None:
        """Memory in GB."""
        if self.memory is None:
            return None
        found = _MEMORY.fullmatch(self.memory.strip())
        assert found
        return float(found[1]) * {"K": 1e-6, "M": 1e-3, "G": 1, "T": 1e3}[found[2].upper()]

    @property
    def minutes(self) -> int | None:
        """Time in minutes."""
        if self.time is None:
            return None
        found = _TIME.fullmatch(self.time.strip())
        assert found
        days, hours, minutes = (int(part or 0) for part in found.groups())
        return (days * 24 + hours) * 60 + minutes


Texts = Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]
TextsOrNone = Annotated[list[str | None], BeforeValidator(_or_none), Field(min_length=1)]
Seeds = Annotated[list[Annotated[int, Field(ge=0)]], BeforeValidator(_as_list), Field(min_length=1)]


class Axes(_Part):
    """Lists whose values are combined, each combination a run."""

    revisions: TextsOrNone | None = None
    """Branches, tags or commits of a model of the hub; ``none`` is its default."""
    dtypes: TextsOrNone | None = None
    """Number formats; ``none`` is the default."""
    adapters: TextsOrNone | None = None
    """Folders of PEFT adapters; ``none`` is the model without one."""
    steering: TextsOrNone | None = None
    """Folders of steering; ``none`` is the model without it."""
    seeds: Seeds | None = None
    """Of everything random."""


class ModelEntry(Axes):
    """One model: a name, or a map that may give it lists, options and resources of its own."""

    model: str = Field(min_length=1)
    """As ``--model`` takes it."""
    resources: Resources = Resources()
    """In place of those of all models."""
    options: dict[str, Any] = {}
    """Any option of ``brainbench evaluate``, written beside ``model``."""


class ScoreEntry(_Part):
    """What one run scores: a suite, benchmarks or tasks, perhaps with options of its own."""

    options: dict[str, Any]
    """Options of ``brainbench evaluate``, one of suite, benchmarks and tasks among them."""


class SweepFile(Axes):
    """A sweep: every model with every value of the lists, and every score."""

    name: str = Field(default="sweep", pattern=NAME)
    """By default the name of the file, without its ending."""
    models: list[ModelEntry] = Field(min_length=1)
    """Names of models, or maps."""
    suites: list[ScoreEntry] = []
    """Suites, each scored in a run of its own; a map gives one options of its own."""
    benchmarks: list[ScoreEntry] = []
    """Benchmarks, by commas where one run scores several."""
    tasks: list[ScoreEntry] = []
    """Tasks of lm-eval, by commas where one run asks several."""
    defaults: dict[str, Any] = {}
    """Options of ``brainbench evaluate`` for every run, as its help names them."""
    exclude: list[dict[str, Any]] = []
    """Combinations that are not run: each a map of options and the values, or lists of values,
    that they have there."""
    output_path: str = Field(default="results", min_length=1)
    """Where runs go, as of ``brainbench evaluate``: runs that are there already are not done
    again."""
    cache: str | None = Field(default=None, min_length=1)
    """Folder that all jobs keep states and data in; by default the one of whoever starts them."""
    resources: Resources = Resources()
    """Of every job, where a model does not say otherwise."""
    runs_per_job: int = Field(default=1, ge=1)
    """Runs that a job of Slurm does, one after another in one process: short runs cost less."""
    retries: int = Field(default=3, ge=0)
    """How often a run goes on after its job was pre-empted, or its node died."""


def json_schema(options: Mapping[str, Option]) -> dict[str, Any]:
    """The JSON schema of a sweep's file, for editors that check YAML.

    Parameters
    ----------
    options : of ``brainbench evaluate``, by name.
    """
    schema = SweepFile.model_json_schema()
    parts = schema["$defs"]
    known = {name: option.json_schema for name, option in options.items()}
    given = {"type": "object", "properties": known, "additionalProperties": False}
    schema["properties"]["defaults"] = {**given, "description": "Options of every run."}
    excluded = {name: {"description": option.help} for name, option in options.items()}
    schema["properties"]["exclude"]["items"] = {**given, "properties": excluded}
    entry = parts["ModelEntry"]
    entry["properties"].pop("options")
    entry["properties"] = {**known, **entry["properties"]}
    schema["properties"]["models"]["items"] = {
        "anyOf": [{"type": "string"}, {"$ref": "#/$defs/ModelEntry"}]
    }
    for name, option in SCORES.items():
        one = {**given, "required": [option]}
        schema["properties"][name]["items"] = {"anyOf": [{"type": "string"}, one]}
    parts.pop("ScoreEntry", None)
    for part in (schema, entry):
        for name in AXES:
            if name in part["properties"]:
                several = next(a for a in part["properties"][name]["anyOf"] if "items" in a)
                part["properties"][name] = {
                    "anyOf": [several["items"], {**several}],
                    "description": Axes.model_fields[name].description or "",
                }
    return schema
