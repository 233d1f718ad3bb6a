"""lm-eval's own command, with brainbench's model registered.

``python -m brainbench.reasoning run --model brainbench --model_args pretrained=FOLDER --tasks …``
"""

from __future__ import annotations

from lm_eval.__main__ import cli_evaluate

import brainbench.reasoning.lm.lm  # noqa: F401  registers it

if __name__ == "__main__":
    cli_evaluate()
