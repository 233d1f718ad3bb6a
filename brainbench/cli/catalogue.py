"""Everything that has a name, each with a line that says what it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from brainbench.benchmarks import DEFAULT_PROTOCOL, PROTOCOLS, SUITES, list_benchmarks
from brainbench.datasets import list_datasets, load_card
from brainbench.errors import UnknownNameError, close_to
from brainbench.guidance.methods.registry import METHODS, find_method, plugged_methods
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
_OURS = "brainbench_"
# part of a task's name → its problems; the first part that is in the name
_PROBLEMS = {
    "folio": "FOLIO: statements about short stories; True, False or Uncertain",
    "prontoqa": "ProntoQA: chains of made-up classes",
    "ruletaker": "RuleTaker: facts and rules, by depth",
    "belief_conflict": "valid but unbelievable, or believable but not valid",
    "belief_congruent": "valid and believable, or neither",
    "belief": "conclusions believable or not, valid or not",
    "distractors": "with two premises that change nothing",
    "double_negation": "with conclusions negated twice",
    "scanner": "conditions and premises as in the scanner",
    "disjunctive_syllogism": "A or B, not A; and its fallacy",
    "hypothetical_syllogism": "if A then B, if B then C; and its fallacy",
    "modus_ponens": "if A then B, A; and its fallacy",
    "modus_tollens": "if A then B, not B; and its fallacy",
    "syllogistic": "syllogisms: what belongs to which class",
    "transitive": "transitive inference: what comes before what",
    "propositional": "if, or and not",
}
# how a task's name ends → how it is answered
_ANSWERED = {"_cot": "after reasoning", "_generate": "in a word"}
_PREMISES = re.compile(r"_([3-6])(?:_|$)")


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


def methods() -> dict[str, str]:
    """Name → what it adds to a model's states; methods of steering, those of plugins too."""
    return {name: method.what for name, method in (METHODS | plugged_methods()).items()}


def datasets() -> dict[str, str]:
    """Name → title of its card."""
    return {name: load_card(name).title for name in list_datasets()}


def tasks(folders: Sequence[Path] | None = None) -> dict[str, str]:
    """Name → what it asks; of a group how many tasks it holds.

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
        elif name.startswith(_OURS):
            told[name] = _problems(name)
    return _told(list_tasks(chosen), told, "a task of lm-eval")


def _problems(name: str) -> str:
    """What a task asks, and how; by its name, whose parts mean the same in every task."""
    what = next((text for part, text in _PROBLEMS.items() if part in name), "")
    premises = _PREMISES.search(name)
    how = [f"{premises[1]} premises"] if premises else []
    how += [f"answered {text}" for end, text in _ANSWERED.items() if end in name]
    if "validation" in name:
        how.append("validation split")
    if "xiao2026" in name:
        how.append("the paper's own" + (", in six orders" if name.endswith("_orders") else ""))
    return "; ".join([what, *how] if what else how)


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
    """What ``show`` prints below the line of a suite: what it holds; and of a method."""
    if kind == "method of steering":
        facts = find_method(name)
        tokens = "the last token" if facts.tokens == 1 else f"the last {facts.tokens} tokens"
        each = "another direction at each problem" if facts.by_item else "one direction for all"
        own = "from people's responses to it" if facts.reads_item else "without responses to it"
        return f"added at {tokens}; new problems: {each}; a held-out item: {own}"
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
    "method of steering": methods,
    "task": tasks,
}


def _told(names: Sequence[str], texts: Mapping[str, str], other: str = "") -> dict[str, str]:
    return {name: texts.get(name, other) for name in names}
