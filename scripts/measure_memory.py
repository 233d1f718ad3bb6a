"""Hold the planned memory of a model against the peak that reading it out takes on the processor.

    python scripts/measure_memory.py --model FOLDER_OR_GGUF [--dtype bfloat16] [--batch-size 32]

Prints JSON. The peak is that of a process of its own, less what it holds with torch and
transformers imported.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

# as many as fill two batches
N_PROBLEMS = 64


def peak_bytes() -> int:
    """Most memory that this process has held so far."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # kilobytes, on a Mac bytes
    return held if sys.platform == "darwin" else held * 1024


def measure(model: str, dtype: str | None, batch_size: int) -> dict[str, Any]:
    """Planned and measured bytes, in this process.

    Parameters
    ----------
    model : folder, GGUF file or hub id.
    dtype : as for ``--dtype``.
    batch_size : prompts in a batch.
    """
    import torch
    import transformers  # noqa: F401

    from brainbench.datasets.phantom import load_problems
    from brainbench.models import ModelOptions
    from brainbench.models.checkpoints.loading import CheckpointLoader
    from brainbench.models.opening import open_language_model

    options = ModelOptions(device="cpu", dtype=dtype, batch_size=batch_size)
    opened = open_language_model(model, options)
    opened.loader.tokenizer  # noqa: B018
    loader = opened.loader
    assert isinstance(loader, CheckpointLoader)
    plan = loader.memory
    before = peak_bytes()
    loader.model  # noqa: B018
    loaded = peak_bytes()
    opened.activations(load_problems()[:N_PROBLEMS])
    read = peak_bytes()
    return {
        "model": opened.identifier,
        "dtype": opened.dtype,
        "batch_size": batch_size,
        "threads": torch.get_num_threads(),
        "planned": {"weights": plan.weights, "total": plan.total},
        "measured": {"loading": loaded - before, "total": read - before},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--dtype")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if not chosen.here:
        own = list(sys.argv[1:] if arguments is None else arguments)
        return subprocess.run([sys.executable, __file__, "--here", *own], check=False).returncode
    print(json.dumps(measure(chosen.model, chosen.dtype, chosen.batch_size)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
