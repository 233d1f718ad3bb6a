"""Asking a language model tasks: beginnings and stories once, all answers from one pass.

Timed: SmolLM2-135M-Instruct on tasks as lm-eval puts them, brainbench's model for lm-eval
against lm-eval's own ``hf`` with the best of four batch sizes, on the same requests and
threads. The limit: every different token once, no padding, each weight multiplied once.
"""

from __future__ import annotations

import logging
import time

import pytest
from operations import token_flops

from brainbench.models import load_model

BATCH_SIZES = (1, 4, 8, 16)
TARGET = 2.5


@pytest.fixture
def model(smollm2):
    return load_model(smollm2)


def requests_of(name, lm, problems, chat):
    """A task's first problems, each in all its orders."""
    from brainbench.reasoning.tasks import load_tasks

    task = load_tasks([name]).tasks[name]
    asked = {"apply_chat_template": chat, "tokenizer_name": "x"}
    asked |= {"chat_template": lm.apply_chat_template} if chat else {}
    task.build_all_requests(limit=None, rank=0, world_size=1, **asked)
    found = [(str(request.doc["base_id"]), request) for request in task.instances]
    kept = list(dict.fromkeys(problem for problem, _ in found))[:problems]
    return [request for problem, request in found if problem in kept]


def flops(config, pairs):
    """Of every different beginning's last token, and one row of the output layer each answer."""
    places = {context[:n] for context, _ in pairs for n in range(1, len(context) + 1)}
    places |= {context + said[:n] for context, said in pairs for n in range(1, len(said))}
    read = {context + said[:n] for context, said in pairs for n in range(len(said))}
    tokens = sum(token_flops(config, len(place) - 1) for place in places)
    return tokens + len(read) * 2 * config.hidden_size * config.vocab_size


@pytest.mark.parametrize(
    ("name", "problems", "chat", "target", "least_share"),
    [
        ("brainbench_transitive_3", 16, True, TARGET, 0.6),
        # without a chat template less stands before every problem
        ("brainbench_transitive_3", 16, False, 2.0, 0.6),
        # stories of many lengths: batches are small, and their ends are computed again
        ("brainbench_folio", 16, False, TARGET, 0.35),
    ],
    ids=["orders-chat", "orders-plain", "stories"],
)
def test_asking(name, problems, chat, target, least_share, benchmark, model, torch_rate, request):
    from lm_eval.models.huggingface import HFLM

    from brainbench.reasoning.lm.lm import BrainbenchLM

    if "folio" in name:
        request.getfixturevalue("mirror")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    ours = BrainbenchLM(model)
    asked = requests_of(name, ours, problems, chat)
    loader = model.loader
    ours.loglikelihood(asked[:2])  # code warm
    baseline, expected = {}, None
    for size in BATCH_SIZES:
        theirs = HFLM(pretrained=loader.model, tokenizer=loader.tokenizer, batch_size=size)
        theirs.loglikelihood(asked[:2], disable_tqdm=True)
        start = time.perf_counter()
        expected = theirs.loglikelihood(asked, disable_tqdm=True)
        baseline[size] = time.perf_counter() - start

    def ask():
        ours.forget()
        return ours.loglikelihood(asked)

    found = benchmark.pedantic(ask, rounds=3, warmup_rounds=1, iterations=1)

    assert [value for value, _ in found] == pytest.approx([v for v, _ in expected], abs=1e-3)
    assert [greedy for _, greedy in found] == [greedy for _, greedy in expected]
    median = benchmark.stats.stats.median
    size, seconds = min(baseline.items(), key=lambda item: item[1])
    work = flops(loader.config, ours._encoder.pairs([r.args for r in asked]))
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
        f"\n{name}{', chat' if chat else ''}, {len({r.args[0] for r in asked})} questions: "
        f"{median:.2f} s; lm-eval's hf, batch {size}, the best of {sorted(baseline)}: "
        f"{seconds:.1f} s; ratio {ratio:.1f}; limit {work / torch_rate:.2f} s: "
        f"{work / median / 1e9:.0f} of {torch_rate / 1e9:.0f} GFLOP/s, {share:.0%}"
    )
    assert ratio >= target
    assert share >= least_share
