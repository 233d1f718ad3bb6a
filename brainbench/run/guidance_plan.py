"""Roughly how long a run of guidance takes: tokens that are read, times the model's parameters.

No weights are loaded: prompts are counted by the model's tokenizer, parameters from its
configuration, and the speed is that at which this machine multiplies matrices.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from brainbench.datasets import load_card
from brainbench.errors import UsageError
from brainbench.guidance.arms import UNGUIDED, find_arm
from brainbench.guidance.evaluation.cached_prompts import ask_problems
from brainbench.guidance.evaluation.problem_tests import FOLIO, TESTS
from brainbench.guidance.evaluation.selection import STRENGTHS
from brainbench.guidance.evaluation.test_sets import read_set, read_validation
from brainbench.guidance.options import Extent, GuidanceOptions
from brainbench.guidance.rows import Mode, Tier
from brainbench.models import LanguageModel, Model
from brainbench.models.checkpoints.loading import count_parameters
from brainbench.run.guidance import DEFAULT_DATASET, SIMULATED_DATASET
from brainbench.run.settings import Settings

TIERS: tuple[Tier, ...] = ("reduced", "full")
# strengths × sets of layers, tried on validation problems; learning rates of fine-tuning
_OPTIONS = 2 * len(STRENGTHS)
_RATES = 2
# problems shown in the scanner, of all types; of the targeted search, most tries of a pair and
# the share of pairs that it takes: of wrong answers, those that the person has right
_SCANNED, _TRIES, _PAIRS = 70, 40, 0.35
# problems that strength, layers and epochs are chosen on
_CHOSEN_ON = 64
# a step of training in units of reading: forward, and backward through what is trained; and the
# share of a prompt and of the layers that is read anew when only the upper ones are trained. With
# it a run of SmolLM2 comes to the speed that its steering has
_STEP, _ANEW = 3.0, 0.28
# share of the speed of large matrix products that reading prompts reaches
_REACHED = 0.5


@dataclass(frozen=True)
class Prompts:
    """How many prompts there are of each kind, and tokens of one of them.

    Attributes
    ----------
    tokens : of one prompt, mean.
    new, validation : prompts of all tests, and those that are chosen on.
    """

    tokens: float
    new: int
    validation: int


def plan_seconds(
    options: GuidanceOptions, model: Model, settings: Settings
) -> dict[tuple[Tier, Mode], float]:
    """Seconds of each tier and way of guiding.

    Parameters
    ----------
    options : what the user chose, with the ways of guiding.
    model : whose tokenizer and configuration are read; its weights are not.
    settings : of the run.

    Raises
    ------
    UsageError
        When the model cannot be guided.
    """
    if not isinstance(model, LanguageModel):
        raise UsageError(
            f"{model.identifier} is not a language model that brainbench runs, and guidance moves "
            "its states: give a hub id, a folder or a GGUF file"
        )
    card = load_card(options.dataset or (SIMULATED_DATASET if model.builtin else DEFAULT_DATASET))
    n_rois = len(options.rois) or (len(card.rois) if card.simulated else 1)
    cost = 2.0 * count_parameters(model.loader.config) / (matrix_speed(model.device) * _REACHED)
    found: dict[tuple[Tier, Mode], float] = {}
    for mode in options.modes:
        for tier in TIERS:
            extent = replace(options, tier=tier).extent(
                mode, model.device, model.builtin, settings.seed
            )
            prompts = count_prompts(model, options, extent, card.reasoning_types, settings.limit)
            if mode == "steering":
                n_people = len(card.subjects)
                tokens = steering_tokens(extent, prompts, len(card.reasoning_types), n_people)
            else:
                tokens = finetuning_tokens(extent, prompts)
            found[tier, mode] = cost * n_rois * tokens
    return found


def count_prompts(
    model: LanguageModel,
    options: GuidanceOptions,
    extent: Extent,
    kinds: tuple[str, ...],
    limit: int | None,
) -> Prompts:
    """Prompts of the tests that a run would ask.

    Parameters
    ----------
    model : whose tokenizer counts.
    options : names the tests; all by default, of the built-in model those of its types.
    extent : says whether every order of premises is asked.
    kinds : reasoning types of the people.
    limit : at most so many problems of each file.

    Raises
    ------
    UsageError
        When FOLIO is the only test, whose stories are not part of the package.
    """
    names = options.tests or tuple(
        name for name, test in TESTS.items() if not model.builtin or test.kind in kinds
    )
    files = [file for name in names if name != FOLIO for file in TESTS[name].sets]
    each = (read_set(file, "test", all_orders=extent.all_orders, limit=limit) for file in files)
    test = [problem for problems in each for problem in problems]
    validation = read_validation(files, limit=limit)
    if not (test or validation):
        raise UsageError(
            f"a plan counts the package's own problems, and {FOLIO} is not among them: name "
            "another --guidance-tests beside it"
        )
    # one in so many is enough to know how long they are
    some = test[:: max(1, len(test) // 100)] or validation
    lengths = [len(question.tokens) for question in ask_problems(model, some)]
    return Prompts(mean(lengths), len(test), len(validation))


def steering_tokens(extent: Extent, prompts: Prompts, n_types: int, n_people: int) -> float:
    """Tokens of steering, controlled and as published.

    A prompt is read once; each direction that is tried reads its last token again.

    Parameters
    ----------
    extent : arms and seeds.
    prompts : of the tests.
    n_types, n_people : types of problems that guide, and people.
    """
    rows = _rows(extent, "steering", len(extent.seeds))
    read = prompts.tokens * 2 * _SCANNED
    chosen = rows * _OPTIONS * (_SCANNED + _CHOSEN_ON)
    asked = (prompts.tokens + rows * n_types) * (prompts.new + prompts.validation)
    searched = rows * _TRIES * _PAIRS * n_people * _SCANNED
    controlled = chosen + asked if "controlled" in extent.forms else 0.0
    return read + controlled + (searched if "published" in extent.forms else 0.0)


def finetuning_tokens(extent: Extent, prompts: Prompts) -> float:
    """Tokens of training every arm, and of asking what came of it.

    Parameters
    ----------
    extent : arms, seeds and epochs.
    prompts : of the tests.
    """
    recipes = 2 if extent.tier == "full" else 1
    rows = _rows(extent, "finetuning", len(extent.seeds), every=True)
    epoch = _STEP * _SCANNED / 2 + _CHOSEN_ON
    trained = _RATES * extent.epochs * epoch
    return _ANEW * recipes * rows * prompts.tokens * (trained + prompts.new + _SCANNED)


def _rows(extent: Extent, mode: Mode, n_seeds: int, every: bool = False) -> int:
    """Directions, or trainings, of all arms but unguided."""
    arms = [find_arm(name) for name in extent.arms(mode) if name != UNGUIDED]
    return sum(n_seeds if arm.stochastic or every else 1 for arm in arms)


def matrix_speed(device: str, size: int = 768, seconds: float = 0.1) -> float:
    """Operations in a second of products of square matrices in float32.

    Parameters
    ----------
    device : of torch.
    size : rows of a matrix.
    seconds : that are spent at least.
    """
    import torch

    one = torch.as_tensor(np.random.default_rng(0).standard_normal((size, size)), device=device)
    one = one.to(torch.float32)
    (one @ one).sum().item()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        (one @ one).sum().item()
        count += 1
    return 2.0 * size**3 * count / (time.perf_counter() - started)
