"""Models that answer by a rule and need no weights, and where the task files are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lm_eval", reason="lm-eval asks the tasks; install it")

from lm_eval.api.model import LM

TASKS = Path(__file__).resolve().parent.parent.parent / "tasks"


class Stand(LM):
    """Answers by a rule.

    Parameters
    ----------
    log_odds : doc → log-odds of its first choice.
    text : doc → what is generated.
    """

    def __init__(
        self,
        log_odds: Callable[[dict[str, Any]], float] = lambda doc: 1.0,
        text: Callable[[dict[str, Any]], str] = lambda doc: "True",
    ) -> None:
        super().__init__()
        self.log_odds, self.text = log_odds, text
        self.asked: list[Any] = []

    def loglikelihood(self, requests: list[Any], **_: Any) -> list[tuple[float, bool]]:
        self.asked += requests
        answers = []
        for request in requests:
            first = request.args[1].strip() == request.doc["choices"][0]
            odds = self.log_odds(request.doc)
            answers.append((-1.0 if first else -1.0 - odds, first == (odds > 0)))
        return answers

    def generate_until(self, requests: list[Any], **_: Any) -> list[str]:
        self.asked += requests
        return [self.text(request.doc) for request in requests]

    def loglikelihood_rolling(self, requests: list[Any], **_: Any) -> list[float]:
        raise NotImplementedError

    def apply_chat_template(self, chat_history: list[dict[str, str]], **_: Any) -> str:
        return "".join(f"<{turn['role']}>{turn['content']}" for turn in chat_history) + "<answer>"

    def chat_template(self, chat_template: bool | str = False) -> str:
        return "plain"

    @property
    def tokenizer_name(self) -> str:
        return "plain"


def knowing(doc: dict[str, Any]) -> float:
    return 2.0 if doc["label"] == "True" else -2.0


def guessing(doc: dict[str, Any]) -> float:
    """Right more often than not, with ties, the same for a problem whenever it is asked."""
    rng = np.random.default_rng([int(byte) for byte in doc["id"].encode()])
    return round(float(rng.normal(0.5 + 0.7 * (doc["label"] == "True"))), 1) or 0.1
