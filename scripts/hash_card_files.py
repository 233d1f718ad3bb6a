"""Write size and sha256 of every file of a dataset into its card.

    python scripts/hash_card_files.py xiao2026 MIRROR/xiao2026

MIRROR is a folder that holds the dataset as published. The part of the card above
``files:`` is left as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

CARDS = Path(__file__).parent.parent / "brainbench" / "datasets" / "cards"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="dataset, as its card is called")
    parser.add_argument("folder", type=Path, help="folder that holds its files")
    arguments = parser.parse_args()
    card = CARDS / f"{arguments.name}.yaml"
    head = card.read_text("utf-8").partition("files:\n")[0]
    lines = []
    for path in sorted(p for p in arguments.folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        name = json.dumps(path.relative_to(arguments.folder).as_posix())
        digest = hashlib.sha256(content).hexdigest()
        lines.append(f"  - {{path: {name}, size: {len(content)}, sha256: {digest}}}\n")
    if not lines:
        parser.error(f"{arguments.folder} holds no files")
    card.write_text(head + "files:\n" + "".join(lines), "utf-8")
    print(f"{card.name}: {len(lines)} files")


if __name__ == "__main__":
    main()
