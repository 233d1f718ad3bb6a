"""Checkpoints written for a test, and their loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from brainbench.models.checkpoints.checkpoint import find_checkpoint
from brainbench.models.checkpoints.loading import CheckpointLoader


def loader(source: Path, dtype: str = "float32", **options: Any) -> CheckpointLoader:
    weights = options.get("untrained") is None
    checkpoint = find_checkpoint(source, weights=weights)
    return CheckpointLoader(checkpoint, device="cpu", dtype=dtype, **options)


_GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "model.layers": "blk",
}


def write_gguf(file: Path, model: Any, tokenizer: Any, **changes: Any) -> Path:
    """A llama as llama.cpp's converter writes it."""
    config = model.config
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    pieces = {token: piece for piece, token in tokenizer.get_vocab().items()}
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([pieces.get(i, f"[unused{i}]") for i in range(config.vocab_size)])
    kinds = gguf.TokenType
    writer.add_token_types(
        [
            kinds.CONTROL if i < 3 else kinds.NORMAL if i in pieces else kinds.UNUSED
            for i in range(config.vocab_size)
        ]
    )
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_chat_template(tokenizer.chat_template)
    if "add_bos" in changes:
        writer.add_add_bos_token(changes["add_bos"])
    quantised = changes.get("quantised")
    for name, weights in model.state_dict().items():
        array = weights.numpy()
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        for part, count in heads.items():
            if part in name:
                # llama.cpp turns pairs of units that stand side by side
                array = array.reshape(count, 2, -1, array.shape[1]).swapaxes(1, 2)
                array = array.reshape(weights.shape)
        for ours, theirs in _GGUF_NAMES.items():
            name = name.replace(ours, theirs)
        if quantised and array.ndim == 2 and array.shape[1] % 32 == 0:
            packed = gguf.quants.quantize(np.ascontiguousarray(array), quantised)
            writer.add_tensor(name, packed, raw_dtype=quantised)
        else:
            writer.add_tensor(name, np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file
