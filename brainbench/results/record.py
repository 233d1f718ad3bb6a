"""The record of a run: what was asked, what was used, what came out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from brainbench.benchmarks import (
    BehaviorScore,
    ControlledScore,
    LadderContext,
    LadderRow,
    OtherScore,
    PublishedScore,
)
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.quantities import Count
from brainbench.reasoning import AnswerBias
from brainbench.shown import Shown, show

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "SCHEMA_VERSION",
    "AnyScore",
    "DatasetInfo",
    "ModelInfo",
    "OtherScore",
    "OwnData",
    "Record",
    "SteeringInfo",
    "TaskInfo",
]

SCHEMA_VERSION: Literal[2] = 2


class AnyScore(Protocol):
    """A score of any kind: of a benchmark, a task, or what guidance brought."""

    def add_to(self, record: Any) -> None:
        """Put itself into a :class:`Record`."""
        ...


class NotedScore(Protocol):
    """A score with remarks."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What no number says."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes, then what the numbers say."""
        ...


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
    layers: list[Count]
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
    attn_implementation: str | None = None
    """That computes attention, where one was asked for."""
    device: str | None = None
    family: str | None = None
    """``model_type`` of its configuration."""
    parameters: Count | None = None
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
    folders: list[str] = Field(default_factory=list, exclude_if=lambda value: not value)
    """Folders around files whose own names say little, as ``checkpoint-500``; not submitted."""
    apart: list[str] = Field(default_factory=list, exclude_if=lambda value: not value)
    """What tells it from others of its name: quantisation, first digits of a hash. Empty of
    built-in models and in older records."""

    @property
    def shown(self) -> str:
        """Its name wherever people read one; no two models' are alike."""
        more = ", ".join([*self.folders, *self.apart])
        return f"{self.identifier} ({more})" if more else self.identifier


class OwnData(_Part):
    """Data of somebody's own, which nobody else can have looked at."""

    file: str
    """Name of the file or folder, without the folders it lies in."""
    sha256: str
    """Of the file; of a folder of all that was read."""
    left_out: list[str] = Field(default_factory=list)
    """People and voxels that are not scored, and why."""


class DatasetInfo(_Part):
    """What it was scored on."""

    name: str
    version: str
    data_sha256: str
    simulated: bool
    licence: str
    own: OwnData | None = Field(default=None, exclude_if=lambda value: value is None)
    """None of a dataset that has a card in brainbench or a plugin."""


class TaskInfo(_Part):
    """A task as it was asked."""

    version: str
    """As its file says."""
    sha256: str
    """Of its file and of the items that were asked."""
    n_shot: Count | None = None
    """Examples before each question; null until it was asked."""
    n_items: Count | None = None
    n_docs: Count | None = None
    """Items of the task, whatever the limit."""


class Record(Shown, _Part):
    """``results.json``."""

    schema_version: Literal[2] = SCHEMA_VERSION
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
    published: list[PublishedScore] = Field(default_factory=list)
    controlled: list[ControlledScore] = Field(default_factory=list)
    ladder: list[LadderRow] = Field(default_factory=list)
    """Each rung that a model was tested on: what is taken out, z and p. Written, as the two below,
    only where there is any."""
    ladder_context: list[LadderContext] = Field(default_factory=list)
    """What the rows of each dataset are read beside: untrained networks, nuisance, people."""
    behavior: list[BehaviorScore] = Field(default_factory=list)
    accuracy: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Task or group → metrics as lm-eval gives and spells them: ``acc,none``."""
    answer_bias: list[AnswerBias] = Field(default_factory=list)
    """Of each task whose questions have the same choices: what answering blindly gets."""
    gains: list[GuidanceScore] = Field(default_factory=list)
    searches: list[SearchScore] = Field(default_factory=list)
    """The targeted search as published: what flips, and what flips as much without a brain."""
    other: list[OtherScore] = Field(default_factory=list)
    """Scores of kinds that have no list here, such as a plugin's."""
    notes: list[str] = Field(default_factory=list)
    """What a reader must know of the whole run, and no number says."""
    timing: dict[str, float | str | dict[str, float]] = Field(default_factory=dict)
    """``started``; ``seconds`` from there until the record was written, ``steps`` what each step of
    the run took, in all as many; ``seconds_before`` of runs that were interrupted and are gone on
    with; ``peak_memory_mb``. Older records have only ``seconds`` of what came after the read-out.
    """

    def each_score(self) -> Iterator[NotedScore]:
        """Every score but those of tasks, in the order in which kinds are shown."""
        yield from self.ladder_context
        yield from self.controlled
        yield from self.published
        yield from self.behavior
        yield from self.gains
        yield from self.searches
        yield from self.other

    def _repr_html_(self) -> str:
        """The scorecard, as a notebook shows it."""
        shown: str = show("html", self)
        return shown

    def to_dataframe(self) -> pd.DataFrame:
        """Every number as a row.

        Returns
        -------
        Columns ``benchmark``, ``roi``, ``reasoning_type`` (empty where it has none),
        ``statistic``, ``value``, ``low`` and ``high`` of the 95 % interval, ``p``.
        """
        table: pd.DataFrame = show("table", self)
        return table

    def plot(self) -> Figure:
        """A picture of the ladder, or of the scorecard where the record has no ladder.

        Returns
        -------
        A figure of matplotlib: ``record.plot().savefig("ladder.png")``.

        Raises
        ------
        UsageError
            When matplotlib is not installed, or the record holds no score.
        """
        figure: Figure = show("picture", self)
        return figure

    def add(self, score: AnyScore) -> None:
        """Have a score put itself where it belongs."""
        score.add_to(self)

    @model_serializer(mode="wrap")
    def _without_empty(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the lists that most records lack."""
        written: dict[str, Any] = write(self)
        for name in ("ladder", "ladder_context", "other"):
            if not getattr(self, name):
                written.pop(name, None)
        return written
