"""Everything that has a name, each with a line that says what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from brainbench.benchmarks import DEFAULT_PROTOCOL, PROTOCOLS, SUITES, list_benchmarks
from brainbench.datasets import list_datasets, load_card
from brainbench.errors import UnknownNameError, close_to
from brainbench.guidance.options import GUIDANCE_SUITES
from brainbench.models import NANO, PHANTOM_FILE, list_models
from brainbench.reasoning import TASK_SUITES
from brainbench.reasoning.checks.tasks import list_tasks, read_tasks, tasks_folder

_SUITES = {
    "alignment": "how well the model's states predict people's brain responses",
    "behavior": "whether it answers, and errs, as people do",
    "behavior-73": "the same with 17 adults and 56 children",
    "builtin": "alignment with the phantom's simulated people, for trying out",
    "demonstration": "the first run: whether what was planted in simulated people is found",
    "accuracy": "how well it reasons, on 208 problems beside a constant answer",
    "accuracy-full": "the same on every problem that brainbench makes",
    "guidance": "whether brain signals make it reason better, by steering and by fine-tuning",
    "guidance-steering": "the same by steering alone",
    "guidance-finetuning": "the same by fine-tuning alone",
}
_MODELS = {
    NANO: "language model of a million weights, in the package",
    PHANTOM_FILE: "activations of SmolLM2-135M-Instruct on the phantom's problems",
}
_PROTOCOLS = {
    "controlled": "whole runs held out, the ladder, nuisance and untrained networks beside it",
    "published": "as Xiao, Du & Lin (2026): folds cut through runs, the best layer of all",
}
_OUTPUTS = {
    "multiple_choice": "the likelier of the given answers counts",
    "generate_until": "the answer is generated and read",
    "loglikelihood": "the likelihood of the answer counts",
}


def suites() -> dict[str, str]:
    """Name → what it asks."""
    return _told(sorted([*SUITES, *TASK_SUITES, *GUIDANCE_SUITES]), _SUITES)


def models() -> dict[str, str]:
    """Name → what it is; those of plugins too."""
    return _told(list_models(), _MODELS, "of a plugin")


def protocols() -> dict[str, str]:
    """Name → how alignment is scored under it; the default one is marked."""
    told = _told(PROTOCOLS, _PROTOCOLS)
    return {
        name: text + (" (default)" if name == DEFAULT_PROTOCOL else "")
        for name, text in told.items()
    }


def datasets() -> dict[str, str]:
    """Name → title of its card."""
    return {name: load_card(name).title for name in list_datasets()}


def tasks(folders: Sequence[Path] | None = None) -> dict[str, str]:
    """Name → what lm-eval does with it; of a group how many tasks it holds.

    Parameters
    ----------
    folders : of task files; by default those that ship.
    """
    chosen = [tasks_folder()] if folders is None else folders
    told = {}
    for name, config in read_tasks(chosen).items():
        members = config.get("task") if "group" in config else None
        if isinstance(members, list):
            told[name] = f"group of {len(members)}: {', '.join(map(str, members[:2]))}" + (
                ", …" if len(members) > 2 else ""
            )
        else:
            told[name] = _OUTPUTS.get(str(config.get("output_type")), "")
    return _told(list_tasks(chosen), told)


def elsewhere(error: UnknownNameError) -> str:
    """What else of brainbench's has a name that was not found; empty where nothing does.

    Parameters
    ----------
    error : with the name, and what it was taken for.

    Returns
    -------
    That it is of another kind; where it is close to no name of its own kind, those of others that
    it is close to.
    """
    others = {kind: names() for kind, names in KINDS.items() if kind != error.kind}
    exact = [kind for kind, names in others.items() if error.name in names]
    if exact:
        return f"{error.name} is a {' and a '.join(exact)}: brainbench show {error.name}"
    close = [
        f"the {kind} {name!r}"
        for kind, names in others.items()
        for name in close_to(error.name, names)
        if not error.close
    ]
    return f"or do you mean {' or '.join(close[:3])}?" if close else ""


def members(kind: str, name: str) -> str:
    """What ``show`` prints of a suite below its line: what it holds."""
    if kind != "suite":
        return ""
    if name in GUIDANCE_SUITES:
        return ", ".join(GUIDANCE_SUITES[name])
    return ", ".join(SUITES.get(name) or TASK_SUITES[name])


# word for one → names with their lines
KINDS: Mapping[str, Callable[[], dict[str, str]]] = {
    "dataset": datasets,
    "benchmark": lambda: dict.fromkeys(list_benchmarks(), ""),
    "suite": suites,
    "model": models,
    "protocol": protocols,
    "task": tasks,
}


def _told(names: Sequence[str], texts: Mapping[str, str], other: str = "") -> dict[str, str]:
    return {name: texts.get(name, other) for name in names}
