"""Tiny language models of every family, and a tokenizer that knows True and False.

Their weights are drawn with a spread that makes attention matter, and their windows are
shorter than the prompts: what is wrong in a mask or a cache shows in the numbers.
"""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from brainbench.datasets.phantom import load_problems
from brainbench.models.prompts import template

VOCABULARY = 400
_SIZES = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "max_position_embeddings": 512, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    "initializer_range": 0.2,
}  # fmt: skip
_GPT2_SIZES = {
    "vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 4, "n_head": 4, "n_positions": 512,
    "bos_token_id": 1, "eos_token_id": 2, "initializer_range": 0.2,
}  # fmt: skip
_EXPERTS = {
    "num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2,
    "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16,
    # the fast one knows no float64
    "experts_implementation": "eager",
}  # fmt: skip
_WINDOW = {"sliding_window": 8}
_SOME_WINDOWS = {**_WINDOW, "layer_types": ["sliding_attention", "full_attention"] * 2}
# what a family has beyond the sizes; others would leave a window unused
_OWN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("mistral", "phi3", "starcoder2"), _WINDOW),
    **dict.fromkeys(("cohere2", "gemma2", "gemma3_text", "ministral", "olmo3"), _SOME_WINDOWS),
    **{key: {**_SOME_WINDOWS, "use_sliding_window": True} for key in ("qwen2", "qwen3")},
    **dict.fromkeys(("qwen2_moe", "qwen3_moe"), _EXPERTS),
    "mixtral": {**_WINDOW, **_EXPERTS},
    "gptj": {"rotary_dim": 4},
    "gpt_oss": {**_SOME_WINDOWS, **_EXPERTS},
    "llama4_text": {**_EXPERTS, "attention_chunk_size": 8, "intermediate_size_mlp": 48},
    "gemma4_text": {
        **_SOME_WINDOWS,
        "hidden_size_per_layer_input": 8,
        "vocab_size_per_layer_input": VOCABULARY,
        "global_head_dim": 8,
    },
}
_EYES = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
}  # fmt: skip


def make_config(family: str, **changes: Any) -> Any:
    if family == "gemma3":
        text = {**_SIZES, **_SOME_WINDOWS, **changes, "model_type": "gemma3_text"}
        return AutoConfig.for_model(
            family, text_config=text, vision_config=_EYES, mm_tokens_per_image=4
        )
    sizes = _GPT2_SIZES if family in ("gpt2", "gptj") else _SIZES
    return AutoConfig.for_model(family, **{**sizes, **_OWN.get(family, {}), **changes})


def build_model(
    family: str, seed: int = 0, dtype: torch.dtype = torch.float32, **changes: Any
) -> Any:
    """A model of a family: ``build_model("llama", seed=1, dtype=torch.float64, …)``."""
    config = make_config(family, **changes)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
        # norms and biases are drawn as ones and zeros: a site on their wrong side would
        # be scaled by nothing
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    parameter += 0.2 * torch.randn_like(parameter)
    return model.eval()


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level, as those of GPT-2, Llama 3 and Qwen; trained on the problems' own words."""
    wording = template.builtin_template()
    text = [turn["content"] for p in load_problems()[::6] for turn in wording.messages(p)]
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 10,
        special_tokens=["<pad>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    answers = ["True", "False", " True", " False", "true", " false"] * 200
    bare.train_from_iterator([*text, *answers], trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=bare, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    made.add_tokens(["<think>", "</think>"])
    return made


CHAT_TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant:{% if enable_thinking %}<think>{% endif %}"
    "{% endif %}"
)
