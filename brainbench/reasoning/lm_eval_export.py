"""A steering in the format of lm-eval's own model ``steered``.

That model adds a vector to every token of every prompt, whatever its reasoning type; what it then
answers is what brainbench answers with ``tokens="all"`` and one group, see docs/steering.md.
"""

from __future__ import annotations

from pathlib import Path

from brainbench.atomic import whole_file
from brainbench.errors import UnknownNameError, UsageError
from brainbench.models.architectures import family_of_kind
from brainbench.models.steering.vector import POOLED, Steering
from brainbench.paths import user_path


def export_lm_eval(steering: Steering, path: str | Path, group: str = POOLED) -> tuple[str, ...]:
    """Write one group's directions for ``lm_eval --model steered --model_args steer_path=PATH``.

    Parameters
    ----------
    path : of the file, which ends in ``.pt``. lm-eval unpickles it: give it only files that you
        made.
    group : a reasoning type, or ``all``.

    Returns
    -------
    What lm-eval will do otherwise than brainbench, in words; nothing where it answers the same.

    Raises
    ------
    UsageError
        When the steering has no such group, or the file cannot be written.
    """
    import torch

    file = user_path(path)
    if file.suffix != ".pt":
        raise UsageError(f"{path}: lm-eval takes a steering from a file that ends in .pt")
    if group not in steering.groups:
        raise UnknownNameError(f"group of the steering {steering.name}", group, steering.groups)
    content = {
        hookpoint(steering, layer): {
            "steering_vector": torch.tensor(vector),
            "steering_coefficient": float(steering.strength),
            "action": "add",
            "bias": None,
            "head_index": None,
        }
        for layer, vector in steering.directions[group].items()
    }
    try:
        with whole_file(file) as partial:
            torch.save(content, partial)
    except OSError as error:
        raise UsageError(f"cannot write to {path}: {error.strerror or error}") from error
    return _differences(steering, group)


def export_groups(steering: Steering, folder: str | Path) -> dict[Path, tuple[str, ...]]:
    """Write a file for each group's directions, ``<folder>/<group>.pt``.

    Parameters
    ----------
    folder : made where it is missing.

    Returns
    -------
    File → what lm-eval will do otherwise with it, as from :func:`export_lm_eval`.

    Raises
    ------
    UsageError
        When a file cannot be written.
    """
    files = {group: user_path(folder) / f"{group}.pt" for group in steering.groups}
    return {path: export_lm_eval(steering, path, group) for group, path in files.items()}


def hookpoint(steering: Steering, layer: int) -> str:
    """Name of a steered module, as lm-eval looks it up: from inside the model's base.

    Parameters
    ----------
    steering : directions, with their site and the model that they were found on.
    layer : number of the block, counting from 0.
    """
    family = family_of_kind(steering.made_for.family)
    block = f"{family.blocks_in_base}.{layer}"
    return block if steering.site == "hidden" else f"{block}.{family.attention}"


def _differences(steering: Steering, group: str) -> tuple[str, ...]:
    found = []
    if steering.tokens != "all":
        found.append(f"lm-eval steers every token, this steering {steering.tokens} ones")
    if steering.groups != (POOLED,):
        found.append(f"lm-eval steers every problem by {group}, whatever its reasoning type")
    return tuple(found)
