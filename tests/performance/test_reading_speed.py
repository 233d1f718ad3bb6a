"""Reading a language model out, the prompts' common beginning computed once.

Timed: SmolLM2-135M-Instruct, prompts of 170 shared and 45 own tokens, states of every layer
and the answer. Baseline: the same read-out without reuse, the best of one by one and
batches of 8 and 16.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from operations import token_flops

from brainbench.models.checkpoints.checkpoint import find_checkpoint
from brainbench.models.checkpoints.loading import CheckpointLoader
from brainbench.models.forward.reader import Reader, Reading
from brainbench.models.language_model import BATCH_SIZE
from brainbench.models.prompts.batches import Batch, plan_batches
from brainbench.models.prompts.verbalizer import find_spellings

SHARED, OWN, PROMPTS = 170, 45, 64
TARGET = 2.5
SHARE_OF_LIMIT = 0.6


@pytest.fixture
def loader(smollm2):
    return CheckpointLoader(find_checkpoint(smollm2), device="cpu", dtype="float32")


def flops(config, shared, own, prompts):
    """Of the tokens that are not shared, and the output layer for one token of each prompt."""
    tokens = sum(token_flops(config, shared + n) for n in range(own))
    return prompts * (tokens + 2 * config.hidden_size * config.vocab_size)


def test_reading(benchmark, loader, torch_rate):
    config = loader.config
    rng = np.random.default_rng(0)
    # plain words: ids of the middle of the vocabulary
    beginning = rng.integers(1000, 40000, SHARED).tolist()
    prompts = [(*beginning, *rng.integers(1000, 40000, OWN).tolist()) for _ in range(PROMPTS)]
    reader = Reader(loader, find_spellings(loader.tokenizer))
    reader.read(Batch((), (prompts[0],), (0,)))  # code warm

    def read(batches):
        return Reading.join([reader.read(batch) for batch in batches])

    def shared():
        reader.forget()
        return read(plan_batches(prompts, ["all"] * PROMPTS, BATCH_SIZE))

    baseline, expected = {}, None
    for size in (1, 8, 16):
        batches = plan_batches(prompts, ["all"] * PROMPTS, size, share=False)
        start = time.perf_counter()
        expected = read(batches)
        baseline[size] = time.perf_counter() - start
    found = benchmark.pedantic(shared, rounds=5, warmup_rounds=1, iterations=1)

    for site, states in expected.states.items():
        scale = np.abs(states).max()
        np.testing.assert_allclose(found.states[site], states, rtol=0, atol=1e-5 * scale)
    np.testing.assert_allclose(found.log_odds, expected.log_odds, rtol=0, atol=1e-3)
    median = benchmark.stats.stats.median
    size, seconds = min(baseline.items(), key=lambda item: item[1])
    work = flops(config, SHARED, OWN, PROMPTS)
    ratio, share = seconds / median, work / median / torch_rate
    benchmark.extra_info.update(
        baseline={str(n): s for n, s in baseline.items()},
        ratio=ratio,
        gflop=work / 1e9,
        gflop_per_second=work / median / 1e9,
        matmul_gflop_per_second=torch_rate / 1e9,
        share_of_matmul=share,
    )
    print(
        f"\nread-out of {PROMPTS} prompts, {SHARED} shared and {OWN} own tokens: {median:.2f} s; "
        f"without reuse, batch {size}, the best of {sorted(baseline)}: {seconds:.1f} s; "
        f"ratio {ratio:.1f}; limit {work / torch_rate:.2f} s: {work / median / 1e9:.0f} of "
        f"{torch_rate / 1e9:.0f} GFLOP/s, {share:.0%}"
    )
    assert ratio >= TARGET
    assert share >= SHARE_OF_LIMIT
