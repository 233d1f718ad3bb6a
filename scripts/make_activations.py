"""Read out a language model on the problems of a dataset, into an activation file.

    python scripts/make_activations.py MODEL --output-path FILE [--dataset xiao2026]

MODEL is what `brainbench evaluate --model` takes. The file that ships with the package is
SmolLM2-135M-Instruct (GGUF Q4_1) with

    --dataset phantom --every 3 --half --prompt-template scripts/phantom_wording.yaml
    --output-path brainbench/datasets/data/phantom_smollm2_135m.safetensors

It was made prompt by prompt; made again in batches, one value in a hundred differs, by one
unit in the last place of half precision. The layer of nano that the people of the first run hold:

    nano --dataset planted --sites attention --layers 1 --half --name nano
    --output-path brainbench/datasets/data/planted_nano.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets import load_recording, phantom, planted
from brainbench.models import Activations, ModelOptions, load_model, save_activations
from brainbench.models.model import Site
from brainbench.problems import Stimulus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--dataset", default="phantom")
    parser.add_argument("--prompt-template")
    parser.add_argument("--every", type=int, default=1, help="keep every n-th layer")
    parser.add_argument("--sites", nargs="+", help="keep these alone")
    parser.add_argument("--layers", nargs="+", type=int, help="keep these alone")
    parser.add_argument("--half", action="store_true", help="keep half precision")
    parser.add_argument("--name", default="SmolLM2-135M-Instruct (GGUF Q4_1, dequantised)")
    parser.add_argument("--output-path", type=Path, required=True)
    arguments = parser.parse_args()
    options = ModelOptions(prompt_template=arguments.prompt_template)
    # people made of activations of their own problems: the problems come first
    problems: Sequence[Stimulus]
    if arguments.dataset == "phantom":
        problems = phantom.load_problems()
    elif arguments.dataset == "planted":
        problems = planted.make_problems()
    else:
        problems = load_recording(arguments.dataset).problems
    read = load_model(arguments.model, options).activations(problems)
    kind = np.float16 if arguments.half else np.float32
    values: dict[Site, NDArray[np.floating]] = {}
    layers: dict[Site, tuple[int, ...]] = {}
    for site in arguments.sites or read.values:
        wanted = arguments.layers or read.layers[site][:: arguments.every]
        places = [read.layers[site].index(layer) for layer in wanted]
        values[site] = read.values[site][:, places].astype(kind)
        layers[site] = tuple(wanted)
    kept = Activations(values, layers)
    ids = [problem.identifier for problem in problems]
    save_activations(arguments.output_path, kept, ids, arguments.name)
    size = arguments.output_path.stat().st_size / 1e6
    print(f"{arguments.output_path.name}: {size:.2f} MB")


if __name__ == "__main__":
    main()
