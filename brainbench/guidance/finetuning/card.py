"""The model card of an adapter, from the record of its training."""

from __future__ import annotations

from typing import Any, Protocol

from brainbench.guidance.finetuning.history import History
from brainbench.models.model_card import Result, card_text


class Trained(Protocol):
    """What the card is made of, see :class:`.folder.FinetuningRecord`."""

    model: dict[str, Any]
    data: dict[str, Any]
    recipe: dict[str, Any]
    arm: str | None
    history: History
    best_epoch: int | None


def adapter_card(record: Trained) -> str:
    """The card of a finished training.

    Parameters
    ----------
    record : as in ``finetuning.json``; every number of the card is in it.
    """
    model, data, recipe, history = record.model, record.data, record.recipe, record.history
    source, base = str(data["source"]), str(model["identifier"])
    arm = record.arm or "guided"
    lines = [
        f"A LoRA adapter of `{base}`, trained by brainbench: recipe *{recipe['name']}*, form "
        f"*{recipe['form']}*, arm *{arm}*.",
        f"Signals: `{source}`, {data['people']} people, {data['items']} items; "
        f"{data['learned']} were learned as labels, {data['guided']} drew states.",
    ]
    results: list[Result] = []
    if history.validation and record.best_epoch is not None:
        before, best = history.validation[0], history.validation[record.best_epoch]
        told = {"AUC of log-odds": best, "AUC of log-odds, before training": before}
        results = [Result("validation", "roc_auc", name, value) for name, value in told.items()]
        lines.append(
            f"AUC on the validation problems that chose epoch {record.best_epoch} of "
            f"{history.epochs}: {best:.3f}, before training {before:.3f}. That is too high for a "
            "result: whether brain signals help is read by `brainbench evaluate --suite guidance`."
        )
    lines.append(
        "```\nbrainbench evaluate --model BASE --peft FOLDER --suite accuracy\n"
        "lm_eval run --model hf --model_args pretrained=BASE,peft=FOLDER --tasks TASKS\n```"
    )
    if model.get("weights_sha256"):
        lines.append(
            f"It fits the weights with sha256 `{str(model['weights_sha256'])[:16]}…` and no "
            "others; `finetuning.json` has everything it was made with."
        )
    return card_text(
        f"{base.rpartition('/')[2]}, {arm}: {source}",
        lines,
        base_model=base,
        datasets=[source.partition(".")[0]],
        library="peft",
        tags=["lora", "brain-guided" if arm == "guided" else "baseline"],
        results=results,
    )
