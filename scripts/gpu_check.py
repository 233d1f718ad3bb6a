"""Measure what a GPU changes: reading, numbers, guidance, training, memory. Writes JSON.

    scripts/gpu_check.sh --model SmolLM2.gguf --out gpu.json      # on a GPU, at most 8 minutes
    scripts/gpu_check.sh --rehearse                               # the same on a processor, tiny

Each part runs in a process of its own, bounded in time; one that fails or is stopped does not stop
the rest, and the file is written after each. Models of 7B are drawn at random: speed and memory do
not depend on what weights say. Without ``--model`` the numbers and training are of a random model
of SmolLM2's shape, and guidance is of nano.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# seconds: 7.5 minutes together
LIMITS = {"matmul": 30, "readout": 120, "numbers": 75, "training": 60, "guidance": 165}
GOAL = 0.5
SHARED, OWN = 170, 45
# Llama 2 7B and SmolLM2-135M, as their configurations are
SEVEN_B = {
    "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
}  # fmt: skip
SMALL = {
    "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
}  # fmt: skip
TINY = {
    "vocab_size": 400, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip
# the command, of this interpreter and this tree
RUN = "from brainbench.cli.main import main; main()"
Answer = dict[str, Any]


class Work:
    """What a part is given.

    Parameters
    ----------
    device : of torch.
    rehearse : whether everything is tiny.
    model : folder or GGUF file of SmolLM2; None for random weights.
    """

    def __init__(self, device: str, rehearse: bool, model: str | None) -> None:
        self.device = device
        self.rehearse = rehearse
        self.model = model

    @property
    def wide(self) -> str:
        """The number format of speed."""
        return "float32" if self.rehearse else "bfloat16"

    def llama(self, shape: dict[str, Any], dtype: str, device: str | None = None) -> Any:
        """A Llama of random weights, drawn where it is used."""
        import torch
        from transformers import LlamaConfig

        from brainbench.models.checkpoints.loading import build

        torch.manual_seed(0)
        config = LlamaConfig(**(TINY if self.rehearse else shape))
        with torch.device(device or self.device):
            return build(config, dtype).eval()

    def small(self, dtype: str, device: str) -> Any:
        """SmolLM2, or random weights of its shape, the same on every device."""
        if self.model is None:
            return self.llama(SMALL, "float32", "cpu").to(getattr(_torch(), dtype)).to(device)
        from brainbench.models import ModelOptions
        from brainbench.models.opening import open_language_model

        options = ModelOptions(device=device, dtype=dtype)
        return open_language_model(self.model, options).loader.model


def _torch() -> Any:
    import torch

    return torch


def _now(device: str) -> float:
    """Seconds, once the device has done what it was given."""
    torch = _torch()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()


def matmul_rate(work: Work) -> float:
    """FLOP/s of large products in the number format of speed, the best of five times three."""
    torch = _torch()
    size = 256 if work.rehearse else 8192
    dtype = getattr(torch, work.wide)
    a, b = (torch.randn(size, size, device=work.device, dtype=dtype) for _ in range(2))
    a @ b
    rates: list[float] = []
    for _ in range(5):
        start = _now(work.device)
        for _ in range(3):
            a @ b
        rates.append(3 * 2.0 * size**3 / (_now(work.device) - start))
    return max(rates)


def prompts(vocabulary: int, count: int) -> list[tuple[int, ...]]:
    """Random prompts that begin alike."""
    import numpy as np

    rng = np.random.default_rng(0)
    beginning = rng.integers(3, vocabulary, SHARED).tolist()
    return [(*beginning, *rng.integers(3, vocabulary, OWN).tolist()) for _ in range(count)]


def token_flops(config: Any, place: float) -> float:
    """One token of a Llama with ``place`` others before it, without the output layer."""
    width, inner = config.hidden_size, config.intermediate_size
    keys = config.num_key_value_heads * width // config.num_attention_heads
    weights = 2 * width * width + 2 * width * keys + 3 * width * inner
    return float(2.0 * config.num_hidden_layers * (weights + 2 * width * place))


def matmul(work: Work) -> Answer:
    """How fast this device multiplies: the limit that shares are of."""
    return {"tflop_per_second": matmul_rate(work) / 1e12, "dtype": work.wide}


def readout(work: Work) -> Answer:
    """Tokens a second of the read-out of a 7B, its share of the limit, and its memory."""
    from brainbench.models.checkpoints.loading import Loaded
    from brainbench.models.checkpoints.memory import plan_memory
    from brainbench.models.forward.reader import Reader
    from brainbench.models.prompts.batches import plan_batches
    from brainbench.models.prompts.verbalizer import Spellings

    torch = _torch()
    rate = matmul_rate(work)
    model = work.llama(SEVEN_B, work.wide)
    config = model.config
    own = sum(token_flops(config, SHARED + i) for i in range(OWN))
    head = 2.0 * config.hidden_size * config.vocab_size
    found: Answer = {"matmul_tflop_per_second": rate / 1e12, "batches": {}, "goal": GOAL}
    for size in (2, 4) if work.rehearse else (32, 128, 256):
        count = 2 * size
        batches = plan_batches(prompts(config.vocab_size, count), ["one"] * count, size)
        reader = Reader(Loaded(model, None), Spellings((10, 11), (20, 21)))
        reader.read(batches[0])
        if work.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        start = _now(work.device)
        for batch in batches:
            reader.read(batch)
        seconds = _now(work.device) - start
        # the beginning was computed in the first reading
        flops = count * (own + head)
        plan = plan_memory(
            config,
            work.wide,
            n_parameters=sum(p.numel() for p in model.parameters()),
            batch_size=size,
            tokens=SHARED + OWN,
        )
        row = {
            "tokens_per_second": count * OWN / seconds,
            "prompts_per_second": count / seconds,
            "tflop_per_second": flops / seconds / 1e12,
            "share_of_matmul": flops / seconds / rate,
            "planned_bytes": plan.total,
        }
        if work.device.startswith("cuda"):
            row["peak_bytes"] = torch.cuda.max_memory_allocated()
        found["batches"][str(size)] = row
    best = max(row["share_of_matmul"] for row in found["batches"].values())
    return found | {"best_share": best, "reached": best >= GOAL}


def numbers(work: Work) -> Answer:
    """States and log-odds on the device, against float32 on the processor."""
    import numpy as np

    from brainbench.models.checkpoints.loading import Loaded
    from brainbench.models.forward.reader import Reader
    from brainbench.models.prompts.batches import plan_batches
    from brainbench.models.prompts.verbalizer import Spellings

    def read(dtype: str, device: str) -> Any:
        model = work.small(dtype, device)
        count = 4 if work.rehearse else 32
        vocabulary = model.config.vocab_size
        (batch,) = plan_batches(prompts(vocabulary, count), ["one"] * count, count)
        return Reader(Loaded(model, None), Spellings((10, 11), (20, 21))).read(batch)

    expected = read("float32", "cpu")
    found: Answer = {}
    for dtype in ("float32", "bfloat16", "float16"):
        given = read(dtype, work.device)
        row: Answer = {"same_tokens": float((given.tokens == expected.tokens).mean())}
        for site, states in expected.states.items():
            difference = np.linalg.norm(given.states[site] - states, axis=-1)
            row[site] = float((difference / np.linalg.norm(states, axis=-1)).max())
        row["log_odds"] = float(np.abs(given.log_odds - expected.log_odds).max())
        found[dtype] = row
    return found


def training(work: Work) -> Answer:
    """Tokens a second of a step of fine-tuning, lower layers computed once."""
    import numpy as np

    from brainbench.guidance.finetuning.adapters import adapter, lora_config
    from brainbench.guidance.finetuning.batching import UpperLayerRunner
    from brainbench.guidance.finetuning.data import Roles, TrainingItems
    from brainbench.guidance.finetuning.losses import RecipeLoss
    from brainbench.guidance.finetuning.recipes import Budget, Recipe
    from brainbench.guidance.signals import Signals
    from brainbench.models.checkpoints.adapter_base import Base

    torch = _torch()
    network = work.small(work.wide, work.device)
    config = network.config
    count, people, voxels = (12, 2, 5) if work.rehearse else (72, 10, 313)
    rng = np.random.default_rng(0)
    recipe = Recipe(guided_items="all", weight=0.05).at_layers(config.num_hidden_layers)
    assert recipe.layers is not None
    labels = np.arange(count) % 2 == 0
    states = rng.standard_normal((count, len(recipe.layers), config.hidden_size))
    items = TrainingItems(
        tuple(prompts(config.vocab_size, count)),
        ("one",) * count,
        (SHARED,) * count,
        labels,
        labels,
        states.astype(np.float32),
    )
    # no problems: prompts are of random tokens
    nobody: Any = (None,) * count
    signals = Signals(
        "noise",
        nobody,
        np.array(["run 1"] * (count // 2) + ["run 2"] * (count - count // 2)),
        np.array(["one"] * count),
        labels,
        tuple(rng.standard_normal((count, voxels)) for _ in range(people)),
        np.ones((people, count)),
    )
    everyone = np.ones(count, bool)
    device = torch.device(work.device)
    loss = RecipeLoss(recipe, items, signals, Roles(everyone, everyone), device)
    loss.set_answers(min(20, config.vocab_size - 2), min(30, config.vocab_size - 1))
    passes = UpperLayerRunner(network, items, range(count), loss, Budget(batch_size=count))
    passes.compute_lower()
    setup = lora_config(network, recipe.layers, recipe.rank, recipe.alpha)
    seconds = []
    with adapter(network, setup, 0, Base("bench", None, "")) as wrapped, passes.listening():
        for _ in range(2 if work.rehearse else 6):
            start = _now(work.device)
            for rows in passes.batches(0, 0):
                parts = loss.parts(passes.run(rows, wrapped))
                torch.stack([part.sum() for part in parts.values()]).sum().backward()
            seconds.append(_now(work.device) - start)
    best = min(seconds[1:])
    return {"tokens_per_second": count * OWN / best, "seconds_per_step": best, "items": count}


def guidance(work: Work) -> Answer:
    """The full tier of guidance, timed as the command runs it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-c", RUN, "evaluate", "--model", work.model or "nano",
            "--suite", "guidance", "--dataset", "phantom_guidance", "--device", work.device,
            "--output-path", folder, "--quiet",
        ]  # fmt: skip
        # as published it trains for hours
        tests = ["--tier", "full", "--guidance-forms", "controlled"]
        if work.rehearse:
            command[command.index("guidance")] = "guidance-steering"
            tests = ["--tier", "reduced", "--limit", "2"]
        start = time.perf_counter()
        run = subprocess.run([*command, *tests], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if run.returncode:
            raise RuntimeError(run.stderr.strip()[-1500:])
        records = list(Path(folder).glob("**/results.json"))
        if not records:
            raise RuntimeError("the command ended without a record")
        return {
            "seconds": seconds,
            "model": work.model or "nano",
            "tier": tests[1],
            "records": len(records),
        }


PARTS: dict[str, Callable[[Work], Answer]] = {
    "matmul": matmul,
    "readout": readout,
    "numbers": numbers,
    "training": training,
    "guidance": guidance,
}


def _environment(device: str) -> Answer:
    import torch
    import transformers

    found: Answer = {"torch": torch.__version__, "transformers": transformers.__version__}
    if device.startswith("cuda"):
        free, total = torch.cuda.mem_get_info()
        found |= {
            "card": torch.cuda.get_device_name(),
            "capability": ".".join(map(str, torch.cuda.get_device_capability())),
            "free_bytes": free,
            "total_bytes": total,
        }
    return found


def run_part(name: str, own: Sequence[str], limit: float) -> Answer:
    """One part in a process of its own: what it gave, or why it gave nothing."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--part", name, *own]
    # its own session, so that what it started ends with it
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return {"error": f"stopped after {limit:.0f} s", "wall_s": time.perf_counter() - start}
    wall = {"wall_s": time.perf_counter() - start}
    try:
        answer: Answer = json.loads(out.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"error": err.strip()[-1500:] or f"ended with {process.returncode}", **wall}
    return answer | wall


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 where every part gave its numbers."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--model", help="SmolLM2: a folder or GGUF file")
    parser.add_argument("--out", type=Path, help="file of the results; also printed")
    parser.add_argument("--rehearse", action="store_true", help="tiny, on the processor")
    parser.add_argument("--device", help="of torch; by default cuda, in a rehearsal cpu")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), help="these parts")
    parser.add_argument("--part", choices=sorted(PARTS), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if "GPU_CHECK_PACKAGES" in os.environ:
        # after what is installed
        sys.path.append(os.environ["GPU_CHECK_PACKAGES"])
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [os.environ.get("PYTHONPATH", ""), os.environ["GPU_CHECK_PACKAGES"]]
        )
    device = chosen.device or ("cpu" if chosen.rehearse else "cuda")
    work = Work(device, chosen.rehearse, chosen.model)
    if chosen.part:
        print(json.dumps(PARTS[chosen.part](work)))
        return 0
    own = ["--device", device]
    own += ["--model", chosen.model] if chosen.model else []
    own += ["--rehearse"] if chosen.rehearse else []
    results: Answer = {"environment": _environment(device), "rehearsal": chosen.rehearse}
    for name in chosen.only or PARTS:
        results[name] = run_part(name, own, LIMITS[name])
        written = json.dumps(results, indent=2)
        if chosen.out is not None:
            chosen.out.write_text(written + "\n", "utf-8")
        print(f"{name}: {json.dumps(results[name])}", flush=True)
    failed = [name for name in chosen.only or PARTS if "error" in results[name]]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
