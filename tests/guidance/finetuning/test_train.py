"""A training from the items to the adapter: what it does, that it can stop and go on."""

from __future__ import annotations

import random
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import dispatch_model
from safetensors.torch import load_file
from tiers import quick
from trainable import UNITS, assert_unchanged, imprint, make_model, make_signals
from transformers.utils import logging

from brainbench.errors import DataError, UsageError
from brainbench.guidance.finetuning import trainer
from brainbench.guidance.finetuning.adapters import adapted, adapter, lora_config
from brainbench.guidance.finetuning.arms import train_as
from brainbench.guidance.finetuning.batching import UpperLayerRunner
from brainbench.guidance.finetuning.data import prepare_items
from brainbench.guidance.finetuning.folder import FinetuningFolder
from brainbench.guidance.finetuning.losses import RecipeLoss
from brainbench.guidance.finetuning.recipes import RECIPES, Budget, Recipe, assign_roles
from brainbench.guidance.finetuning.recipes.term import Pass
from brainbench.guidance.finetuning.train import Finetuned, Watch, finetune
from brainbench.models import LanguageModel
from brainbench.models.architectures import find_sites
from brainbench.models.checkpoints.adapter_base import Base
from brainbench.models.checkpoints.loading import Loaded
from brainbench.models.steering.made_for import MadeFor
from brainbench.models.steering.vector import Steering

SIGNALS = make_signals()
# two batches an epoch, a step each
FAST = Budget(epochs=3, learning_rate=1e-3, batch_size=12, accumulation=1)
WEIGHTS = "adapter_model.safetensors"


def make_recipe(name: str, **more: Any) -> Recipe:
    if name == "states":
        more["targets"] = np.random.default_rng(1).standard_normal((24, 2, UNITS))
    return Recipe(name, guided_items="all", **more)


def score(model: LanguageModel) -> float:
    """Of the model as it is; any number will do that training moves."""
    return float(model.answer(SIGNALS.problems[:5]).log_odds.mean())


def train(folder: Path, name: str = "representation+labels", **more: Any) -> Finetuned:
    model = more.pop("model", None) or make_model()
    recipe = more.pop("recipe", None) or make_recipe(name)
    signals = more.pop("signals", SIGNALS)
    return finetune(model, signals, recipe, folder, **{"budget": FAST, **more})


@pytest.fixture(scope="module")
def unwatched(tmp_path_factory: pytest.TempPathFactory) -> Finetuned:
    """A training that nothing disturbs; copy its folder before it is changed."""
    return train(tmp_path_factory.mktemp("unwatched") / "whole")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Finetuned:
    """The same, its model validated after each epoch."""
    return train(tmp_path_factory.mktemp("watched") / "whole", watch=Watch(score))


# what is learned


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_lowers_its_own_loss(name: str, tmp_path: Path) -> None:
    budget = replace(FAST, epochs=6, accumulation=None)
    model = make_model()
    before = imprint(model.loader.model)
    found = train(tmp_path / "out", name, model=model, budget=budget)
    assert len(found.losses) == 6
    for part, values in found.record.history.parts.items():
        # what holds old states can only grow
        assert (values[-1] < values[0]) == (part != "kept states"), part
    assert found.losses[-1] < found.losses[0]
    assert_unchanged(model.loader.model, before)


@pytest.mark.parametrize("family", quick(["gemma2", "gpt2", "qwen3"], ["gemma2", "gpt2"]))
def test_other_families_learn_too(family: str, tmp_path: Path) -> None:
    found = train(tmp_path / "out", model=make_model(family))
    assert found.losses[-1] < found.losses[0]


def plain_training(model: LanguageModel, recipe: Recipe, steps: int) -> dict[str, torch.Tensor]:
    """One prompt at a time, all of the model, torch's own AdamW; the adapter's weights."""
    network = model.loader.model
    recipe = recipe.at_layers(4)
    assert recipe.layers is not None
    items = prepare_items(model, SIGNALS, recipe.layers)
    roles = assign_roles(recipe, items, SIGNALS)
    loss = RecipeLoss(recipe, items, SIGNALS, roles, torch.device("cpu"))
    vocabulary = model.loader.tokenizer.get_vocab()
    logits = [network(input_ids=torch.tensor([p])).logits[0, -1] for p in items.prompts]
    mean = torch.stack(logits).log_softmax(dim=-1).mean(dim=0)
    spelt = {
        answer: max((token for piece, token in vocabulary.items()
                     if piece.strip("Ġ").lower() == answer), key=lambda t: float(mean[t].detach()))
        for answer in ("true", "false")
    }  # fmt: skip
    loss.set_answers(spelt["true"], spelt["false"])
    config = lora_config(network, recipe.layers, recipe.rank, recipe.alpha)
    attention = find_sites(network).attention
    with adapter(network, config, 0, Base("plain", None, "")) as wrapped:
        weights = [p for p in wrapped.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(weights, lr=FAST.learning_rate)
        for _ in range(steps):
            optimiser.zero_grad()
            for row, prompt in enumerate(items.prompts):
                caught: list[torch.Tensor] = []
                handles = [
                    attention[layer].register_forward_hook(
                        lambda m, i, out, caught=caught: caught.append(out[0][:, -1])
                    )
                    for layer in recipe.layers
                ]
                given = wrapped(input_ids=torch.tensor([prompt])).logits
                for handle in handles:
                    handle.remove()
                text = given[0, items.own[row] - 1 : -1]
                parts = loss.parts(Pass((row,), torch.stack(caught, dim=1), given[:, -1], text))
                (sum(part.sum() for part in parts.values()) / 24).backward()
            optimiser.step()
        return {
            name: p.detach().clone() for name, p in wrapped.named_parameters() if p.requires_grad
        }


@pytest.mark.parametrize("name", ["representation+labels", "language+representation"])
def test_it_is_what_plain_torch_does(name: str, tmp_path: Path) -> None:
    model, recipe = make_model(dtype=torch.float64), make_recipe(name, weight=1.0)
    expected = plain_training(model, recipe, 3)
    train(tmp_path / "out", model=model, recipe=recipe, budget=replace(FAST, accumulation=None))
    held = load_file(tmp_path / "out" / WEIGHTS)
    assert len(held) == len(expected) == 16
    for name, values in expected.items():
        found = held[name.replace(".default.", ".")]
        assert float(values.abs().max()) > 0
        # each number moves by 1e-3 a step
        torch.testing.assert_close(found, values, rtol=0, atol=1e-5)


def test_batches_and_checkpoints_change_nothing_but_rounding(tmp_path: Path) -> None:
    losses = [
        train(tmp_path / str(i), budget=replace(FAST, accumulation=None, **change)).losses
        for i, change in enumerate(({}, {"batch_size": 5}, {"checkpoint_activations": True}))
    ]
    for other in losses[1:]:
        assert other == pytest.approx(losses[0], rel=1e-4)


def test_a_step_takes_as_many_items_as_were_asked_for(tmp_path: Path) -> None:
    for size, accumulation, steps in ((12, None, 2), (12, 1, 4), (5, 4, 4)):
        budget = replace(FAST, epochs=2, batch_size=size, accumulation=accumulation)
        found = train(tmp_path / f"{size}-{accumulation}", budget=budget)
        assert len(found.losses) == steps
        # a step's loss is a mean over its items, also where few are left for the last one
        assert 4 < min(found.losses) <= max(found.losses) < 9
        assert len(found.record.history.parts["labels"]) == 2


def test_all_that_is_seen_of_signals_are_the_signals(tmp_path: Path) -> None:
    """Labels alone learn the same whatever people did; with signals it matters."""
    # turned round, maps would turn with them
    other = SIGNALS.with_responses(tuple(block[::-1] for block in SIGNALS.responses))
    # the second of two steps sees what the first has changed
    budget = replace(FAST, epochs=1)
    for name, same in (("labels", True), ("stimulus", True), ("representation+labels", False)):
        losses = [
            train(tmp_path / f"{name}-{i}", name, signals=signals, budget=budget).losses
            for i, signals in enumerate((SIGNALS, other))
        ]
        assert (losses[0] == losses[1]) is same, name


# again


def test_equal_trainings_are_equal_and_seeds_matter(tmp_path: Path, unwatched: Finetuned) -> None:
    found = [unwatched]
    found += [train(tmp_path / str(seed), budget=replace(FAST, seed=seed)) for seed in (0, 1)]
    weights = [(one.folder / WEIGHTS).read_bytes() for one in found]
    assert found[0].losses == found[1].losses
    assert weights[0] == weights[1]
    assert found[0].losses != found[2].losses


def test_no_random_state_and_no_setting_is_moved(tmp_path: Path) -> None:
    model = make_model()
    before = imprint(model.loader.model)
    torch.manual_seed(3)
    random.seed(3)
    legacy = np.random.get_state()[1]  # noqa: NPY002
    states = torch.random.get_rng_state(), random.getstate(), logging.get_verbosity()
    train(tmp_path / "out", model=model)
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert (random.getstate(), logging.get_verbosity()) == states[1:]
    assert (np.random.get_state()[1] == legacy).all()  # noqa: NPY002
    assert_unchanged(model.loader.model, before)


def test_nothing_is_asked_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **named: Any) -> Any:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    train(tmp_path / "out", watch=Watch(score))


# what is kept


def test_the_folder_holds_an_adapter_and_how_it_came_about(tmp_path: Path) -> None:
    found = train(tmp_path / "out", watch=Watch(score), arm="guided")
    assert sorted(path.name for path in found.folder.iterdir()) == [
        "README.md",
        "adapter_config.json",
        WEIGHTS,
        "finetuning.json",
    ]
    record = FinetuningFolder(found.folder).load()
    assert record == found.record
    assert (record.status, record.arm, record.stopped_early) == ("finished", "guided", False)
    assert record.recipe["layers"] == [1, 2]
    assert record.data["items"] == record.data["learned"] == 24
    assert record.answers is not None
    assert {answer.strip().lower() for answer in record.answers.values()} == {"true", "false"}
    assert len(record.history.validation) == 4


def test_lm_eval_loads_the_folder(tmp_path: Path) -> None:
    hflm = pytest.importorskip("lm_eval.models.huggingface", reason="lm-eval loads it").HFLM
    model = make_model()
    model.loader.model.save_pretrained(tmp_path / "base")
    model.loader.tokenizer.save_pretrained(tmp_path / "base")
    found = train(tmp_path / "out", model=model, budget=replace(FAST, learning_rate=1e-2))
    theirs = hflm(
        pretrained=str(tmp_path / "base"), peft=str(found.folder), device="cpu", dtype="float32"
    ).model
    tokens = torch.tensor([model.chat.tokens(model.template.messages(SIGNALS.problems[0]))])
    with torch.no_grad():
        given, plain = theirs(input_ids=tokens).logits, model.loader.model(input_ids=tokens).logits
        with adapted(model, found.folder) as now:
            ours = now.loader.model(input_ids=tokens).logits
    # it cuts the vocabulary to that of the tokenizer
    size = given.shape[-1]
    torch.testing.assert_close(ours[..., :size], given, rtol=1e-4, atol=1e-4)
    assert float((given - plain[..., :size]).abs().max()) > 0.01


@pytest.mark.parametrize("scores", [[0.0, 1.0, 3.0, 2.0], [9.0, 1.0, 1.0, 1.0]])
def test_the_best_epoch_is_kept(scores: list[float], tmp_path: Path) -> None:
    expected = 2 if scores[2] == 3.0 else 1
    given = iter(scores)
    found = train(tmp_path / "out", watch=Watch(lambda model: next(given)))
    assert found.best_epoch == expected
    same = train(tmp_path / "same", budget=replace(FAST, epochs=expected))
    assert (found.folder / WEIGHTS).read_bytes() == (same.folder / WEIGHTS).read_bytes()


def test_the_score_before_training_is_taken_as_given(tmp_path: Path) -> None:
    seen: list[float] = []

    def validate(model: LanguageModel) -> float:
        seen.append(score(model))
        return seen[-1]

    asked = train(tmp_path / "asked", watch=Watch(validate))
    first, *epochs = seen
    seen.clear()
    given = train(tmp_path / "given", watch=Watch(validate, before=lambda: first))
    assert seen == epochs
    assert given.history == asked.history
    assert (given.folder / WEIGHTS).read_bytes() == (asked.folder / WEIGHTS).read_bytes()


def test_without_validation_the_last_epoch_is_kept(unwatched: Finetuned) -> None:
    assert unwatched.best_epoch == 3


def test_training_stops_when_the_score_falls(tmp_path: Path) -> None:
    given = iter([0.5, 0.4, 0.3, 0.6, 0.5, 0.4, 0.3, 0.2])
    budget = replace(FAST, epochs=20, patience=3, accumulation=None)
    found = train(tmp_path / "out", budget=budget, watch=Watch(lambda model: next(given)))
    # falls of epochs 1 and 2, a rise, falls of 4, 5 and 6
    assert (len(found.losses), found.best_epoch) == (6, 3)
    assert found.record.stopped_early


def test_the_model_is_validated_as_it_is_then(tmp_path: Path) -> None:
    seen: list[float] = []

    def validate(model: LanguageModel) -> float:
        seen.append(score(model))
        return float(len(seen))

    model = make_model()
    untrained = score(model)
    found = train(tmp_path / "out", model=model, watch=Watch(validate))
    assert seen[0] == untrained
    assert len(set(seen)) == 4
    with adapted(model, found.folder) as now:
        # merged into the weights, or beside them
        assert score(now) == pytest.approx(seen[-1], rel=1e-3)
    assert score(model) == untrained


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    train(tmp_path / "out", watch=Watch(None, lambda *step: told.append(step)))
    epochs = [step for step in told if step[2].startswith("loss")]
    assert [step[:2] for step in epochs] == [(1, 3), (2, 3), (3, 3)]
    assert [step[0] for step in told] == sorted(step[0] for step in told)


# going on


def stopping(call: int) -> Watch:
    """Interrupts the training at a call of the validation."""
    calls: list[int] = []

    def validate(model: LanguageModel) -> float:
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return score(model)

    return Watch(validate)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        pytest.param("representation+labels", 1, marks=pytest.mark.exhaustive),
        ("representation+labels", 3),
        ("representation+labels", 4),
        pytest.param("stimulus", 3, marks=pytest.mark.exhaustive),
        ("states", 3),
    ],
)
def test_an_interrupted_training_goes_on_to_the_same_losses(
    name: str, call: int, tmp_path: Path, watched: Finetuned
) -> None:
    model = make_model()
    before = imprint(model.loader.model)
    if name == "representation+labels":
        whole = watched
    else:
        whole = train(tmp_path / "whole", name, model=model, watch=Watch(score))
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", name, model=model, watch=stopping(call))
    assert_unchanged(model.loader.model, before)
    parts = train(tmp_path / "parts", name, model=model, watch=Watch(score), resume=True)
    assert parts.losses == whole.losses
    assert parts.record == whole.record
    assert (parts.folder / WEIGHTS).read_bytes() == (whole.folder / WEIGHTS).read_bytes()
    assert not (parts.folder / "checkpoints").exists()


def interrupt_step(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[[], None]:
    """Let a forward pass of training stop everything; gives back how it is undone."""
    run, count = UpperLayerRunner.run, []

    def stop(self: UpperLayerRunner, *given: Any, **named: Any) -> Pass:
        count.append(1)
        if len(count) == number:
            raise KeyboardInterrupt
        return run(self, *given, **named)

    monkeypatch.setattr(UpperLayerRunner, "run", stop)
    return lambda: monkeypatch.setattr(UpperLayerRunner, "run", run)


def test_an_epoch_that_was_stopped_within_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unwatched: Finetuned
) -> None:
    # 2 batches for the answers, 2 of the first epoch, and the second batch of the second
    undo = interrupt_step(monkeypatch, 6)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts")
    undo()
    kept = FinetuningFolder(tmp_path / "parts")
    assert kept.last_checkpoint() is not None
    assert train(kept.path, resume=True).losses == unwatched.losses


def test_a_checkpoint_that_is_not_whole_is_not_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: Finetuned
) -> None:
    saved = trainer.save_history

    def die(history: Any, checkpoint: Path) -> None:
        if checkpoint.name == "checkpoint-4":
            raise KeyboardInterrupt
        saved(history, checkpoint)

    monkeypatch.setattr(trainer, "save_history", die)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", watch=Watch(score))
    monkeypatch.setattr(trainer, "save_history", saved)
    kept = FinetuningFolder(tmp_path / "parts").last_checkpoint()
    assert kept is not None
    assert kept.name == "checkpoint-2"
    assert train(tmp_path / "parts", watch=Watch(score), resume=True).record == watched.record


def test_one_that_ended_but_was_not_finished_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [0.5, 0.4, 0.6, 0.3, 0.2]
    budget = replace(FAST, epochs=9, patience=2)

    def watch() -> Watch:
        scores = iter(given)
        return Watch(lambda model: next(scores))

    whole = train(tmp_path / "whole", budget=budget, watch=watch())
    finish = FinetuningFolder.finish

    def die(self: FinetuningFolder, record: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FinetuningFolder, "finish", die)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", budget=budget, watch=watch())
    monkeypatch.setattr(FinetuningFolder, "finish", finish)
    parts = train(tmp_path / "parts", budget=budget, watch=watch(), resume=True)
    assert (parts.record, parts.best_epoch) == (whole.record, 2)
    assert (parts.folder / WEIGHTS).read_bytes() == (whole.folder / WEIGHTS).read_bytes()


def test_a_finished_one_is_read_back(tmp_path: Path) -> None:
    found = train(tmp_path / "out")
    again = train(tmp_path / "out", resume=True)
    assert again == found


def test_a_folder_with_something_else_in_it_is_refused(
    tmp_path: Path, unwatched: Finetuned
) -> None:
    shutil.copytree(unwatched.folder, tmp_path / "out")
    before = (tmp_path / "out" / WEIGHTS).read_bytes()
    with pytest.raises(UsageError, match="holds this training, finished already; --resume"):
        train(tmp_path / "out")
    for change, named in (
        ({"budget": replace(FAST, seed=1)}, r"budget\.seed"),
        ({"recipe": make_recipe("representation+labels", weight=0.1)}, r"recipe\.weight"),
        ({"signals": SIGNALS.with_responses(SIGNALS.responses[::-1])}, r"data\.sha256"),
        ({"arm": "guided"}, "arm"),
    ):
        for resume in (False, True):
            with pytest.raises(UsageError, match=rf"another training \(other {named}"):
                train(tmp_path / "out", resume=resume, **change)
    assert (tmp_path / "out" / WEIGHTS).read_bytes() == before
    shutil.rmtree(tmp_path / "out" / "adapter_config.json", ignore_errors=True)
    (tmp_path / "out" / "finetuning.json").unlink()
    with pytest.raises(UsageError, match="an adapter that was not made here"):
        train(tmp_path / "out")


# what goes wrong


def test_a_loss_that_is_no_number_is_told_with_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, calls = RecipeLoss.parts, []

    def broken(self: RecipeLoss, given: Pass) -> Any:
        calls.append(1)
        found = parts(self, given)
        # the last batch of the second epoch
        return {k: v * float("nan") for k, v in found.items()} if len(calls) == 4 else found

    monkeypatch.setattr(RecipeLoss, "parts", broken)
    model = make_model()
    before = imprint(model.loader.model)
    with pytest.raises(DataError, match=r"loss is nan at step 4, in epoch 2\. Checkpoints"):
        train(tmp_path / "out", model=model)
    assert_unchanged(model.loader.model, before)
    checkpoint = FinetuningFolder(tmp_path / "out").last_checkpoint()
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-2"
    monkeypatch.setattr(RecipeLoss, "parts", parts)
    assert len(train(tmp_path / "out", resume=True).losses) == 6


def test_weights_that_run_away_are_told(tmp_path: Path) -> None:
    budget = replace(FAST, learning_rate=1e30)
    with pytest.raises(DataError, match="smaller --learning-rate"):
        train(tmp_path / "out", budget=budget)
    assert not (tmp_path / "out" / WEIGHTS).exists()


def test_a_validation_score_that_is_no_number_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="validation score is nan after epoch 0"):
        train(tmp_path / "out", watch=Watch(lambda model: float("nan")))


def test_memory_that_does_not_suffice_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any, **named: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    monkeypatch.setattr(RecipeLoss, "parts", full)
    with pytest.raises(DataError, match=r"training tiny-llama does not fit.*--batch-size below 12"):
        train(tmp_path / "out")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **named: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trainer, "write_adapter", full)
    with pytest.raises(UsageError, match=r"cannot write to .*out: No space left on device"):
        train(tmp_path / "out")


def test_models_that_are_not_trained_are_told_why(tmp_path: Path) -> None:
    model = make_model()
    half = LanguageModel("half", "hash", model.loader, dtype="float16")
    with pytest.raises(UsageError, match="float16 is too narrow to train in"):
        train(tmp_path / "out", model=half)
    made_for = MadeFor.of(model)
    steering = Steering("s", "attention", {"all": {1: np.ones(UNITS)}}, made_for)
    with model.steered(steering) as steered, pytest.raises(UsageError, match="is steered"):
        train(tmp_path / "out", model=steered)
    with pytest.raises(UsageError, match="there is no layer 9"):
        train(tmp_path / "out", recipe=make_recipe("labels", layers=(9,)))
    few = SIGNALS.at(np.arange(2))
    with pytest.raises(DataError, match="training items"):
        train(tmp_path / "few", signals=few)
    assert not (tmp_path / "out").exists()


def test_bfloat16_is_trained(tmp_path: Path) -> None:
    model = make_model(dtype=torch.bfloat16)
    found = train(tmp_path / "out", model=model, budget=replace(FAST, epochs=5))
    parts = found.record.history.parts["labels"]
    assert parts[-1] < parts[0]
    assert {values.dtype for values in load_file(found.folder / WEIGHTS).values()} == {
        torch.float32
    }


def test_a_model_that_accelerate_has_divided_is_trained(
    tmp_path: Path, unwatched: Finetuned
) -> None:
    """As with several cards: its hooks move weights and states about."""
    model = make_model()
    rest = ("model.embed_tokens", "model.norm", "model.rotary_emb", "lm_head")
    layers = [f"model.layers.{number}" for number in range(4)]
    places = dict.fromkeys((*rest, *layers), "cpu")
    dispatch_model(model.loader.model, places, force_hooks=True)
    assert train(tmp_path / "divided", model=model).losses == unwatched.losses


def test_several_processes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer.TrainingArguments, "world_size", 2)
    with pytest.raises(UsageError, match="2 processes were launched; training runs in one"):
        train(tmp_path / "out")


def test_a_model_in_training_stays_so(tmp_path: Path) -> None:
    model = make_model("gpt2", attn_pdrop=0.5, resid_pdrop=0.5)
    expected = train(tmp_path / "one", model=model).losses
    network = model.loader.model.train()
    again = LanguageModel.of(network, model.loader.tokenizer, "tiny-gpt2")
    assert train(tmp_path / "two", model=again).losses == expected
    assert network.training
    assert isinstance(again.loader, Loaded)


# arms


def test_arms_differ_in_signals_or_recipe_alone() -> None:
    recipe = make_recipe("representation+labels")
    signals, own = train_as("guided", SIGNALS, recipe, 0)
    assert (signals, own) == (SIGNALS, recipe)
    for arm in ("permuted fMRI", "random fMRI", "random fMRI, no mean", "label as fMRI"):
        signals, own = train_as(arm, SIGNALS, recipe, 0)
        assert own == recipe
        assert not np.array_equal(signals.responses[0], SIGNALS.responses[0])
        assert np.array_equal(signals.right, SIGNALS.right)
    drawn = [train_as("permuted fMRI", SIGNALS, recipe, seed)[0].responses[0] for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert train_as("label only", SIGNALS, recipe, 0)[1].name == "labels"
    assert train_as("stimulus only", SIGNALS, recipe, 0)[1].name == "stimulus"
    assert train_as("random direction", SIGNALS, recipe, 0) == (SIGNALS, recipe)
    with pytest.raises(UsageError, match="nothing to train"):
        train_as("unguided", SIGNALS, recipe, 0)
