"""What models are called: a plain name, and the rest in tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from synthetic_runs import make_run

from brainbench.leaderboard.site.names import name_of, split_name
from brainbench.leaderboard.submissions.submission import Submission


@pytest.mark.parametrize(
    ("given", "base", "numbers", "variant", "detail"),
    [
        ("SmolLM2-135M-Instruct.Q4_1", "SmolLM2-135M-Instruct", "Q4_1", "", ""),
        ("gemma-3-270m-q4_k_m", "gemma-3-270m", "Q4_K_M", "", ""),
        ("model-IQ3_XXS", "model", "IQ3_XXS", "", ""),
        ("llama-8b.bf16", "llama-8b", "BF16", "", ""),
        ("Qwen2.5-Coder-0.5B-Instruct", "Qwen2.5-Coder-0.5B-Instruct", "", "", ""),
        ("a.Q8_0+untrained-3", "a", "Q8_0", "untrained", "3"),
        ("a+steer-xiao2026-md", "a", "", "steered", "xiao2026-md"),
        ("a+finetuned-xiao2026", "a", "", "fine-tuned", "xiao2026"),
        # a name is never made empty, and a word that only begins like a format is kept
        ("Q4_1", "Q4_1", "", "", ""),
        ("model-quiet", "model-quiet", "", "", ""),
    ],
)
def test_names_are_taken_apart(
    given: str, base: str, numbers: str, variant: str, detail: str
) -> None:
    found = split_name(given)
    assert (found.base, found.numbers, found.variant, found.detail) == (
        base, numbers, variant, detail,
    )  # fmt: skip
    assert found.full == (f"{base}, {variant}" if variant else base)


def run(config: dict[str, Any] | None = None, **model: Any) -> Submission:
    record, samples = make_run(0, kinds=("ladder",))
    own = record.model.model_copy(update={"device": "cpu", "prompt": "default"} | model)
    changed = record.model_copy(update={"model": own, "config": record.config | (config or {})})
    return Submission(Path("x"), None, changed, samples)


def test_tags_are_what_the_record_says() -> None:
    assert name_of(run(identifier="m.Q4_0")).tags == ("Q4_0",)
    assert name_of(run(identifier="nano", builtin=True)).tags == ("built in",)
    assert name_of(run(identifier="m+untrained-2")).tags == ("untrained, seed 2",)
    assert name_of(run(identifier="m", device=None, prompt=None)).tags == ("activations only",)
    # whatever it was called when it was submitted
    options = {"options": {"untrained": 1}}
    assert name_of(run(options, identifier="m")).tags == ("untrained",)
    assert name_of(run({"options": {"peft": "x"}}, identifier="m")).variant == "with an adapter"
