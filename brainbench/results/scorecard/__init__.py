"""What a person reads first of a run: a line for each kind of score, and three sentences."""

from brainbench.results.scorecard.card import Scorecard, scorecard
from brainbench.results.scorecard.remarks import remarks

__all__ = ["Scorecard", "remarks", "scorecard"]
