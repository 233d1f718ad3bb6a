"""The limit on the shift of neutral text, as it is asked for."""

from __future__ import annotations

import math

import pytest

from brainbench.errors import UsageError
from brainbench.guidance.shift_limit import SHIFT_LIMIT, check_limit, find_limit, parse_limit


def test_what_may_be_typed() -> None:
    typed = (None, "auto", "none", "0.25")
    assert [parse_limit(text) for text in typed] == ["auto", "auto", None, 0.25]
    with pytest.raises(UsageError, match="--guidance-limit 'low' is not a number, auto or none"):
        parse_limit("low")


@pytest.mark.parametrize("limit", [0.0, -0.1, float("nan"), float("inf")])
def test_a_limit_that_nothing_stays_within_is_refused(limit: float) -> None:
    with pytest.raises(UsageError, match="limit on the shift of neutral text must be above 0"):
        check_limit(limit)


def test_the_built_in_model_has_none_by_itself() -> None:
    assert find_limit("auto", builtin=False) == SHIFT_LIMIT
    assert find_limit("auto", builtin=True) is None
    assert find_limit(0.2, builtin=True) == 0.2
    assert find_limit(None, builtin=False) is None


def test_the_published_form_has_none_by_itself() -> None:
    assert find_limit("auto", False, "published") is None
    assert find_limit(0.2, False, "published") == 0.2


def test_the_limit_is_a_tenth_more_perplexity() -> None:
    assert math.exp(SHIFT_LIMIT) == pytest.approx(1.105, abs=1e-3)
