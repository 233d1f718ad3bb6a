"""Before a release: is the version the same everywhere that states it?

``python scripts/check_release.py v1.2.3`` ends with 1 and names what differs. It needs the standard
library alone.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def differences(tag: str, root: Path = ROOT) -> list[str]:
    """What does not fit a release of this tag.

    Parameters
    ----------
    tag : name of the git tag, ``v`` and the version.
    root : folder of the checkout.

    Returns
    -------
    One sentence for each place that is wrong; none where all agree.
    """
    version = tag.removeprefix("v")
    if not tag.startswith("v") or not _VERSION.fullmatch(version):
        return [f"the tag {tag!r} is not a v and a version, as in v1.2.3 or v1.2.3rc1"]
    found = []
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if project != version:
        found.append(f"pyproject.toml has version {project}, the tag has {version}")
    cited = re.search(r"^version: (\S+)$", (root / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    if cited is None or cited[1] != version:
        found.append(f"CITATION.cff has version {cited and cited[1]}, the tag has {version}")
    heading = rf"^## {re.escape(version)} \(\d{{4}}-\d{{2}}-\d{{2}}\)$"
    changes = (root / "CHANGELOG.md").read_text("utf-8")
    if not re.search(heading, changes, re.MULTILINE):
        found.append(f'CHANGELOG.md has no heading "## {version} (YYYY-MM-DD)"')
    if re.search(r"^## Unreleased\n\s*(?!\s|## )", changes, re.MULTILINE):
        found.append('CHANGELOG.md still has changes under "## Unreleased"')
    return found


def main() -> int:
    """Print what differs; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tag", help="name of the git tag, as in v1.2.3")
    found = differences(parser.parse_args().tag)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
