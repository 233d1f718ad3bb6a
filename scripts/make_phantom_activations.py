"""Read out a real language model on the phantom's problems, for the default run.

    pip install torch transformers gguf accelerate
    python scripts/make_phantom_activations.py MODEL [--gguf-file NAME]

MODEL is a folder or hub id of SmolLM2-135M-Instruct; with --gguf-file, the folder that
holds the GGUF file. Kept: every third layer, half precision, at the last token of the
prompt; ``attention`` is the output of the self-attention module before the residual sum,
``hidden`` the output of the whole block.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from brainbench.datasets.phantom import load_problems
from brainbench.problems import Problem

OUTPUT = Path(__file__).parent.parent / "brainbench/datasets/data/phantom_smollm2_135m.safetensors"
EVERY = 3
INSTRUCTION = (
    "You are given three statements to take as facts and one claim. Answer with the single "
    "word True if the facts force the claim to hold, and with the single word False if not."
)


def messages(problem: Problem) -> list[dict[str, str]]:
    facts = "\n".join(f"{n}. {text}." for n, text in enumerate(problem.premises, start=1))
    question = f"Facts:\n{facts}\nClaim: {problem.conclusion}.\nTrue or False?"
    return [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": question}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--gguf-file")
    arguments = parser.parse_args()
    source = {"gguf_file": arguments.gguf_file} if arguments.gguf_file else {}
    tokenizer = AutoTokenizer.from_pretrained(arguments.model, **source)
    if source:
        source["quantization_config"] = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        arguments.model, dtype=torch.float32, **source
    ).eval()
    blocks = model.model.layers
    kept = list(range(0, len(blocks), EVERY))
    problems = load_problems()
    shape = (len(problems), len(kept), model.config.hidden_size)
    sites = {name: np.empty(shape, np.float16) for name in ("attention", "hidden")}

    def keep(site: str, row: int, place: int):
        def hook(module, inputs, output):
            state = output[0] if isinstance(output, tuple) else output
            sites[site][row, place] = state[0, -1].numpy()

        return hook

    for row, problem in enumerate(problems):
        text = tokenizer.apply_chat_template(
            messages(problem), tokenize=False, add_generation_prompt=True
        )
        tokens = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        handles = []
        for place, layer in enumerate(kept):
            block = blocks[layer]
            handles.append(block.self_attn.register_forward_hook(keep("attention", row, place)))
            handles.append(block.register_forward_hook(keep("hidden", row, place)))
        try:
            with torch.inference_mode():
                model(**tokens)
        finally:
            for handle in handles:
                handle.remove()
    for name, values in sites.items():
        if not np.isfinite(values).all():
            raise SystemExit(f"{name} does not fit half precision")
    metadata = {
        "model": "SmolLM2-135M-Instruct (GGUF Q4_1, dequantised)",
        "dataset": "phantom",
        "token": "last prompt token",
        "layers": json.dumps(kept),
        "stimulus_ids": json.dumps([problem.identifier for problem in problems]),
    }
    save_file(sites, OUTPUT, metadata)
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size / 1e6:.2f} MB, {shape}")


if __name__ == "__main__":
    main()
