"""Read out a real language model on the problems of a dataset, into an activation file.

    pip install torch transformers gguf accelerate
    python scripts/make_activations.py MODEL --output-path FILE [--dataset xiao2026]

MODEL is a folder or hub id of a Llama-style chat model; with --gguf-file NAME, the folder
that holds the GGUF file. States are read at the last token of the prompt; ``attention`` is
the output of the self-attention module before the residual sum, ``hidden`` the output of
the whole block.

The file that ships with the package, for the default run, is SmolLM2-135M-Instruct with

    --dataset phantom --every 3 --half
    --output-path brainbench/datasets/data/phantom_smollm2_135m.safetensors
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from brainbench.datasets import load_recording
from brainbench.datasets.phantom import load_problems
from brainbench.problems import Problem

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
    parser.add_argument("--dataset", default="phantom")
    parser.add_argument("--every", type=int, default=1, help="keep every n-th layer")
    parser.add_argument("--half", action="store_true", help="keep half precision")
    parser.add_argument("--name", default="SmolLM2-135M-Instruct (GGUF Q4_1, dequantised)")
    parser.add_argument("--output-path", type=Path, required=True)
    arguments = parser.parse_args()
    source = {"gguf_file": arguments.gguf_file} if arguments.gguf_file else {}
    tokenizer = AutoTokenizer.from_pretrained(arguments.model, **source)
    if source:
        source["quantization_config"] = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        arguments.model, dtype=torch.float32, **source
    ).eval()
    blocks = model.model.layers
    kept = list(range(0, len(blocks), arguments.every))
    # the phantom is made of its own activations: its problems come first
    is_phantom = arguments.dataset == "phantom"
    problems = load_problems() if is_phantom else load_recording(arguments.dataset).problems
    shape = (len(problems), len(kept), model.config.hidden_size)
    kind = np.float16 if arguments.half else np.float32
    sites = {name: np.empty(shape, kind) for name in ("attention", "hidden")}

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
        "model": arguments.name,
        "dataset": arguments.dataset,
        "token": "last prompt token",
        "layers": json.dumps(kept),
        "stimulus_ids": json.dumps([problem.identifier for problem in problems]),
    }
    save_file(sites, arguments.output_path, metadata)
    size = arguments.output_path.stat().st_size / 1e6
    print(f"{arguments.output_path.name}: {size:.2f} MB, {shape}")


if __name__ == "__main__":
    main()
