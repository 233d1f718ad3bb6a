"""The record of a run: what was asked, what was used, what came out."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from brainbench.benchmarks import BehaviorScore, Control, ControlledScore, LayerScore, Score
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.reasoning import AnswerBias, TaskScore

SCHEMA_VERSION = 1
AnyScore = Score | ControlledScore | BehaviorScore | TaskScore | GuidanceScore | SearchScore


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SteeringInfo(_Part):
    """Directions that were added to the model's states."""

    name: str
    sha256: str
    """Of all that changes a number: directions, strength, tokens."""
    strength: float
    """Factor of every direction."""
    tokens: str
    """``last`` of the prompt, ``generated`` ones too, or ``all``."""
    site: str
    """``attention`` or ``hidden``."""
    layers: list[int]
    """Counting from 0."""
    groups: list[str]
    """Reasoning types that have directions of their own; ``all`` serves the others."""


class ModelInfo(_Part):
    """What was scored."""

    identifier: str
    sha256: str
    """Of all that the activations come from: the file, or weights, number format and wording."""
    weights_sha256: str | None = None
    """Of the weights, with the adapter and the seed of untrained ones; null of activations."""
    files: dict[str, str] = Field(default_factory=dict)
    """Name → sha256 of each file of a language model, as its hub shows them; adapters' left out."""
    description: str | None = None
    """Its own word for what it is."""
    source: str | None = None
    """Path or hub id it was given by."""
    builtin: bool = False
    revision: str | None = None
    """Commit on the hub."""
    dtype: str | None = None
    device: str | None = None
    family: str | None = None
    """``model_type`` of its configuration."""
    parameters: int | None = None
    """Of the whole model; tied ones count once."""
    chat_template_sha256: str | None = None
    """None where it was asked in plain text."""
    prompt: str | None = None
    """Name of the wording."""
    prompt_sha256: str | None = None
    steering: SteeringInfo | None = None
    """None where nothing was added."""
    learned_from: list[str] = Field(default_factory=list)
    """Datasets that its steering or adapter was made from, as the folder of that tells."""


class DatasetInfo(_Part):
    """What it was scored on."""

    name: str
    version: str
    data_sha256: str
    simulated: bool
    licence: str


class ScoreRow(_Part):
    """One number with everything it needs beside it; one row per person and one for all."""

    benchmark: str
    version: int
    roi: str
    reasoning_type: str
    protocol: str
    subject: str
    """A person, or ``all`` for the headline."""
    site: str
    """``attention`` or ``hidden``."""
    layer: int
    """Counting from 0."""
    raw: float
    """Undivided: median over voxels, then over people, of Pearson r."""
    mad: float | None
    """Median absolute deviation over people; null in the row of a person."""
    reference: float | None
    """Inter-subject reference: the other people predict each person, same statistic as raw."""
    ceiling: float | None
    """Published ceiling: mean of v0 over voxels and people."""
    ceiling_median: float | None
    score: float | None
    """Divided form: median of r / v0 over voxels, then people, at its own best layer."""
    score_site: str | None
    score_layer: int | None
    n_subjects: int
    n_items: int
    n_voxels: int
    n_constant: int | None
    """Predictions that did not vary and count 0."""
    ceiling_near_zero: int | None
    """Voxels over all people whose v0 is below 1e-6."""
    ceiling_near_one: int | None
    """Voxels over all people whose v0 is above 0.99."""
    warnings: list[str]


class ControlRow(Control):
    """A nuisance feature space scored as the model is, on one benchmark."""

    benchmark: str
    roi: str
    reasoning_type: str
    protocol: str


class LayerRow(LayerScore):
    """The model's score at one layer: median over people."""

    benchmark: str


class BehaviorRow(BehaviorScore):
    """A model's answers held against people's on one benchmark; people and controls within."""


class TaskInfo(_Part):
    """A task as it was asked."""

    version: str
    """As its file says."""
    sha256: str
    """Of its file and of the items that were asked."""
    n_shot: int | None = None
    """Examples before each question; null until it was asked."""
    n_items: int | None = None
    n_docs: int | None = None
    """Items of the task, whatever the limit."""


class Record(_Part):
    """``results.json``."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    """First digits of the hash of the configuration: same inputs, same folder."""
    status: Literal["started", "success", "error", "cancelled"] = "started"
    error: str | None = None
    versions: dict[str, str | None]
    """brainbench, its git commit, Python, and the packages that can change a number."""
    model: ModelInfo
    datasets: list[DatasetInfo]
    benchmarks: dict[str, int]
    """Identifier → version."""
    tasks: dict[str, TaskInfo] = Field(default_factory=dict)
    """lm-eval tasks, those of groups included."""
    config: dict[str, Any]
    """Everything the user chose, seeds included."""
    scores: list[ScoreRow] = Field(default_factory=list)
    controls: list[ControlRow] = Field(default_factory=list)
    layers: list[LayerRow] = Field(default_factory=list)
    controlled: list[ControlledScore] = Field(default_factory=list)
    behavior: list[BehaviorRow] = Field(default_factory=list)
    accuracy: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Task or group → metrics as lm-eval gives and spells them: ``acc,none``."""
    answer_bias: list[AnswerBias] = Field(default_factory=list)
    """Of each task whose questions have the same choices: what answering blindly gets."""
    gains: list[GuidanceScore] = Field(default_factory=list)
    searches: list[SearchScore] = Field(default_factory=list)
    """The targeted search as published: what flips, and what flips as much without a brain."""
    notes: list[str] = Field(default_factory=list)
    """What a reader must know of the whole run."""
    timing: dict[str, float | str | dict[str, float]] = Field(default_factory=dict)
    """``started``; ``seconds`` from there until the record was written, ``steps`` what each step of
    the run took, in all as many; ``seconds_before`` of runs that were interrupted and are gone on
    with; ``peak_memory_mb``. Older records have only ``seconds`` of what came after the read-out.
    """

    def add(self, score: AnyScore) -> None:
        """Append a benchmark's headline, people, controls and layers, or a task, or a gain."""
        if isinstance(score, GuidanceScore):
            self.gains.append(score)
            return
        if isinstance(score, SearchScore):
            self.searches.append(score)
            return
        if isinstance(score, TaskScore):
            self._add_task(score)
            return
        if isinstance(score, BehaviorScore):
            self.behavior.append(BehaviorRow(**dict(score)))
            return
        if isinstance(score, ControlledScore):
            self.controlled.append(score)
            return
        self.scores += score_rows(score)
        shared = score.model_dump(include={"benchmark", "roi", "reasoning_type", "protocol"})
        self.controls += [ControlRow(**shared, **c.model_dump()) for c in score.controls]
        self.layers += [
            LayerRow(benchmark=score.benchmark, **layer.model_dump()) for layer in score.layers
        ]

    def _add_task(self, score: TaskScore) -> None:
        self.accuracy[score.task] = score.metrics
        self.notes += [f"{score.task}: {text}" for text in score.warnings]
        if score.bias is not None:
            self.answer_bias.append(score.bias)
        if score.task in self.tasks:
            told = score.model_dump(include={"n_shot", "n_items", "n_docs"})
            self.tasks[score.task] = self.tasks[score.task].model_copy(update=told)


def score_rows(score: Score) -> list[ScoreRow]:
    """The headline of a score (subject ``all``), then one row per person."""
    fields = set(ScoreRow.model_fields)
    shared = {key: value for key, value in score.model_dump().items() if key in fields}
    rows = [ScoreRow(**{**shared, "subject": "all", "warnings": list(score.warnings)})]
    per_person: dict[str, Any] = {
        "mad": None,
        "n_subjects": 1,
        "n_constant": None,
        "ceiling_near_zero": None,
        "ceiling_near_one": None,
        "ceiling_median": None,
        "warnings": [],
    }
    rows += [
        ScoreRow(**{**shared, **per_person, **person.model_dump()}) for person in score.subjects
    ]
    return rows
