"""What was trained on what, and what came of it."""

from __future__ import annotations

from typing import Any

from brainbench.guidance.finetuning.folder import FinetuningRecord
from brainbench.results.blocks import Section, Table


def finetuning_section(record: FinetuningRecord) -> Section:
    """Recipe, signals, items, layers, epochs, losses and validation of one training."""
    history, data, recipe = record.history, record.data, record.recipe
    layers: Any = recipe["layers"]
    early = ", stopped early" if record.stopped_early else ""
    rows = [
        ("recipe", f"{recipe['name']}, {recipe['form']}"),
        ("signals", f"{data['source']}, {data['people']} people"),
        (
            "items",
            f"{data['items']}, of which the model had {data['wrong']} wrong; {data['learned']} "
            f"learned, {data['guided']} drawn to responses",
        ),
        ("layers", f"{layers[0]} to {layers[-1]} ({len(layers)})"),
        (
            "epochs",
            f"{history.epochs} of {record.budget['epochs']}{early}; {len(history.losses)} steps",
        ),
    ]
    rows += [
        (f"loss, {name}", f"{values[0]:.4f} → {values[-1]:.4f}")
        for name, values in history.parts.items()
    ]
    if history.validation and record.best_epoch is not None:
        before, best = history.validation[0], history.validation[record.best_epoch]
        text = f"{before:.3f} before, {best:.3f} after epoch {record.best_epoch}, which is kept"
        rows.append(("validation, AUC", text))
    if history.shifts and record.best_epoch is not None:
        limit = "no limit" if history.limit is None else f"limit {history.limit:g}"
        text = f"{history.shifts[record.best_epoch - 1]:.2g} nats; {limit}"
        rows.append(("shift of neutral text", text))
    title = f"{record.model['identifier']}: {record.arm}"
    table = Table("", ("", ""), rows, numbers=False)
    return Section("finetuning", title, [table])
