"""Try every family of decoders that transformers has: which are read, and why others are not.

    python scripts/check_families.py                 # a table of this release
    python scripts/check_families.py --write         # into the package, and the page that shows it

Each family is a model of a few thousand weights, drawn at random, with windows shorter than the
prompts. What is written holds what earlier runs found out with other releases of transformers: a
family that an older release lacks stays.
"""

from __future__ import annotations

import argparse
import inspect
import json
import logging
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

Row = dict[str, Any]
ROOT = Path(__file__).parents[1]
FAMILIES = ROOT / "brainbench" / "models" / "data" / "families.json"
PAGE = ROOT / "docs" / "language-models.md"
# between these lines of the page stands the table
BEGIN, END = "<!-- families: made by scripts/check_families.py -->", "<!-- end of families -->"
# shorter and longer than the window, one more than twice as long
LENGTHS = (7, 12, 21)
LAYERS = 4

_TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_SIZES: dict[str, Any] = {
    "vocab_size": 128, "hidden_size": 32, "intermediate_size": 48, "ffn_dim": 48,
    "num_hidden_layers": LAYERS, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "max_position_embeddings": 256, "initializer_range": 0.2, "sliding_window": 8,
    "attention_window_size": 8, "attention_chunk_size": 8, "use_sliding_window": True,
    "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "moe_intermediate_size": 16, "experts_implementation": "eager", "n_group": 1, "topk_group": 1,
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8,
    "v_head_dim": 8, "index_head_dim": 8, "index_n_heads": 2, "index_topk": 64,
    "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2,
    "linear_num_value_heads": 4, "shared_expert_intermediate_size": 16, "n_shared_experts": 1,
    "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 128,
    "first_k_dense_replace": 1,
}  # fmt: skip
# what a family needs beside the sizes
_MAMBA2 = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_n_groups": 1, "mamba_d_state": 8}
_OWN: dict[str, dict[str, Any]] = {
    "bamba": {**_MAMBA2, "attn_layer_indices": [1, 3]},
    "granitemoehybrid": {**_MAMBA2, "layer_types": ["mamba", "attention"] * 2},
    "falcon_h1": {**_MAMBA2, "mamba_d_ssm": 64},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]], "window_size": 8},
    "gptj": {"rotary_dim": 4},
    "codegen": {"rotary_dim": 4},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 1, "state_size": 8},
    "zamba2": {"layer_types": ["mamba", "hybrid"] * 2, "num_mem_blocks": 1, "mamba_ngroups": 1},
    "zaya": {"num_experts_per_tok": 1},
    "dots1": {"n_shared_experts": 1},
    "lfm2": {"layer_types": ["conv", "full_attention"] * 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2, "num_dense_layers": 1},
    "kimi_linear": {"layer_types": ["linear_attention", "full_attention"] * 2},
    "qwen3_next": {"layer_types": ["linear_attention", "full_attention"] * 2},
    "gemma3n_text": {
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "num_kv_shared_layers": 0,
        "laurel_rank": 4,
    },
    "qwen4_exp_text": {
        "indexer_budget": 64,
        "indexer_compress_ratio": 4,
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "ple_layer_ids": [],
        "ple_embed_dim": 8,
        "output_gate_type": "sigmoid",
    },
    "zamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
}
_EYES = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "depth": 1,
    "num_attention_heads": 2, "num_heads": 2, "image_size": 28, "patch_size": 14,
}  # fmt: skip


def kinds() -> list[str]:
    """Every ``model_type`` that this transformers has a causal language model of."""
    from transformers.models.auto import modeling_auto

    return sorted(modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


def tiny_config(kind: str, **changes: Any) -> Any:
    """A configuration of a family, as small as it goes."""
    from transformers import CONFIG_MAPPING

    made = CONFIG_MAPPING[kind]
    parts = getattr(made, "sub_configs", None) or {}
    chosen = _sized(made, kind)
    for name, part in parts.items():
        if name == "text_config":
            own = getattr(part, "model_type", "") or made().text_config.model_type
            part = CONFIG_MAPPING[own]
            chosen[name] = _sized(part, own) | {"model_type": own}
        elif re.search("vision|audio", name):
            chosen[name] = _fitting(part, _EYES)
    return made(**chosen | changes)


def _sized(made: Any, kind: str) -> dict[str, Any]:
    """The sizes that a class of configurations takes, and what the family needs of its own."""
    found = _fitting(made, {**_SIZES, **_TOKENS})
    if "kv_lora_rank" in found:
        # keys and values are made anew for each head
        found.pop("num_key_value_heads", None)
    return found | _OWN.get(kind, {})


def _fitting(made: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Those values that a class of configurations has a name for."""
    known: set[str] = set(getattr(made, "attribute_map", None) or {})
    for each in made.__mro__:
        known |= set(getattr(each, "__annotations__", {}))
        try:
            known |= set(inspect.signature(each.__init__).parameters)
        except (TypeError, ValueError):
            continue
    return {name: value for name, value in values.items() if name in known}


def tiny_model(kind: str, **changes: Any) -> Any:
    """A model of a family with random weights, norms and biases among them."""
    import torch
    from transformers import AutoModelForCausalLM

    config = tiny_config(kind, **changes)
    with torch.device("meta"):
        size = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    if size > 3e8:
        raise ValueError(f"its smallest configuration here has {size / 1e6:.0f} M weights")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    parameter += 0.2 * torch.randn_like(parameter)
    return model.eval()


def check(kind: str) -> Row:
    """What a family is good for, as it stands in the file."""
    from brainbench.errors import DataError
    from brainbench.models.architectures import not_a_decoder
    from brainbench.models.checkpoints.failures import one_line
    from brainbench.models.forward.trial import try_sites

    row: Row = {"fault": None, "attention": "none", "shares": False}
    other = not_a_decoder(kind)
    if other is not None:
        return row | {"fault": other}
    try:
        model = tiny_model(kind)
        trial = try_sites(model, LENGTHS)
    except DataError as error:
        return row | {"fault": str(error)}
    except Exception as error:
        return row | {"untried": one_line(error)}
    n_attention, n_hidden = len(trial.sites.attention), len(trial.sites.hidden)
    attention = "none" if not n_attention else "all" if n_attention == n_hidden else "some"
    return row | {"attention": attention, "shares": trial.shares}


def table(releases: Mapping[str, Mapping[str, Row]]) -> str:
    """The part of the page, from what each release gave."""
    together: dict[str, Row] = {}
    for release in releases.values():
        for kind, row in release.items():
            before = together.get(kind, row)
            together[kind] = row | {
                "fault": before["fault"] or row["fault"],
                "shares": before["shares"] and row["shares"],
            }
    kept = {"all": "attention and hidden states of every layer",
            "some": "attention in the layers that have it, hidden states of every layer",
            "none": "hidden states alone"}  # fmt: skip
    found: dict[str, list[str]] = {}
    for kind, row in sorted(together.items()):
        if row.get("untried"):
            continue
        what = row["fault"]
        if what is None:
            what = kept[row["attention"]]
            what += "" if row["shares"] else "; every prompt is computed whole"
        found.setdefault(what, []).append(f"`{kind}`")
    read = [what for what in found if what.startswith(tuple(kept.values()))]
    order = sorted(read, key=lambda what: (-len(found[what]), what))
    order += sorted(set(found) - set(read), key=lambda what: (-len(found[what]), what))
    lines = [f"Tried with transformers {' and '.join(sorted(releases))}.", ""]
    lines += ["| what is read | `model_type` |", "| --- | --- |"]
    for what in order:
        no = "" if what in read else "not read: "
        lines.append(f"| {no}{what} | {', '.join(found[what])} |")
    untried = sorted(kind for kind, row in together.items() if row.get("untried"))
    if untried:
        lines += ["", f"Not tried, for want of a small model to make: {', '.join(untried)}."]
    return "\n".join([BEGIN, *lines, END])


def page_with(text: str, made: str) -> str:
    """The page, with another table."""
    before, _, rest = text.partition(BEGIN)
    return before + made + rest.partition(END)[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("kinds", nargs="*", help="only these")
    parser.add_argument("--write", action="store_true", help="into the package and the page")
    chosen = parser.parse_args(arguments)
    if chosen.write and chosen.kinds:
        parser.error("--write takes every family: leave the names out")
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    rows = {}
    for kind in chosen.kinds or kinds():
        rows[kind] = check(kind)
        print(kind, json.dumps(rows[kind]), flush=True)
    if chosen.write:
        releases = json.loads(FAMILIES.read_text("utf-8")) | {version("transformers"): rows}
        written = json.dumps(dict(sorted(releases.items())), indent=0, sort_keys=True)
        FAMILIES.write_text(written + "\n", "utf-8")
        PAGE.write_text(page_with(PAGE.read_text("utf-8"), table(releases)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
