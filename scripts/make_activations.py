"""Read out a language model on the problems of a dataset, into an activation file.

    python scripts/make_activations.py MODEL --output-path FILE [--dataset xiao2026]

MODEL is what `brainbench evaluate --model` takes. The file that ships with the package is
SmolLM2-135M-Instruct (GGUF Q4_1) with

    --dataset phantom --every 3 --half --prompt-template scripts/phantom_wording.yaml
    --output-path brainbench/datasets/data/phantom_smollm2_135m.safetensors

It was made prompt by prompt; made again in batches, one value in a hundred differs, by one
unit in the last place of half precision.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from brainbench.datasets import load_recording
from brainbench.datasets.phantom import load_problems
from brainbench.models import Activations, ModelOptions, load_model, save_activations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--dataset", default="phantom")
    parser.add_argument("--prompt-template")
    parser.add_argument("--every", type=int, default=1, help="keep every n-th layer")
    parser.add_argument("--half", action="store_true", help="keep half precision")
    parser.add_argument("--name", default="SmolLM2-135M-Instruct (GGUF Q4_1, dequantised)")
    parser.add_argument("--output-path", type=Path, required=True)
    arguments = parser.parse_args()
    options = ModelOptions(prompt_template=arguments.prompt_template)
    # the phantom is made of its own activations: its problems come first
    is_phantom = arguments.dataset == "phantom"
    problems = load_problems() if is_phantom else load_recording(arguments.dataset).problems
    read = load_model(arguments.model, options).activations(problems)
    kind = np.float16 if arguments.half else np.float32
    kept = Activations(
        {site: v[:, :: arguments.every].astype(kind) for site, v in read.values.items()},
        {site: numbers[:: arguments.every] for site, numbers in read.layers.items()},
    )
    ids = [problem.identifier for problem in problems]
    save_activations(arguments.output_path, kept, ids, arguments.name)
    size = arguments.output_path.stat().st_size / 1e6
    print(f"{arguments.output_path.name}: {size:.2f} MB")


if __name__ == "__main__":
    main()
