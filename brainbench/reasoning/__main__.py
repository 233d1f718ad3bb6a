"""lm-eval's own command, with brainbench's model registered.

``python -m brainbench.reasoning run --model brainbench --model_args pretrained=FOLDER --tasks …``

``python -m brainbench.reasoning install`` makes plain ``lm_eval run --model brainbench`` do the
same in this environment; ``uninstall`` takes that back.
"""

from __future__ import annotations

import sys

from brainbench.errors import UsageError
from brainbench.reasoning.lm_eval_plugin import install, uninstall


def main() -> None:
    """Install, uninstall, or hand everything on to lm-eval."""
    words = sys.argv[1:]
    if words not in (["install"], ["uninstall"]):
        from lm_eval.__main__ import cli_evaluate

        import brainbench.reasoning.lm.lm  # noqa: F401  registers it

        cli_evaluate()
        return
    try:
        done = install() if words == ["install"] else uninstall()
    except UsageError as error:
        sys.exit(f"error: {error}")
    what = "written" if words == ["install"] else "removed"
    lines = [f"{path}: {what}" for path in done] or ["nothing was installed"]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
