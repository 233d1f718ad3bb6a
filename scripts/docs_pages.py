"""Hook of mkdocs: pages that stand elsewhere in the repository, and links to what is not a page.

The overview is the README, so that no text is kept twice.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
# page of the site → file of the repository
PAGES = {
    "index.md": "README.md",
    "nano.md": "brainbench/models/data/nano/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
_LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\(([^)\s]+)\)")
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.IGNORECASE)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that stand elsewhere."""
    for page, source in PAGES.items():
        text = _FRONT_MATTER.sub("", (ROOT / source).read_text("utf-8"))
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **more: Any) -> str:
    """Turn links within the repository into links within the site."""
    name = page.file.src_uri
    return relink(markdown, PAGES.get(name, f"docs/{name}"))


def relink(markdown: str, source: str) -> str:
    """The text with links that hold in the site.

    Parameters
    ----------
    source : path of the text in the repository, which its links start from.

    Returns
    -------
    Links to what is not a page of the site, code say, are its path in words.
    """
    pages = {path: name for name, path in PAGES.items()}

    def site(target: str) -> str | None:
        """Path from the root of the docs; None where it is not a page."""
        path, _, anchor = target.partition("#")
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        found = pages.get(whole)
        if found is None and whole.startswith("docs/"):
            found = whole.removeprefix("docs/")
        if found is None:
            return None
        return f"{found}#{anchor}" if anchor else found

    def link(match: re.Match[str]) -> str:
        text, target = match.groups()
        if _ELSEWHERE.match(target):
            return match.group()
        found = site(target)
        return f"{text} (`{target}`)" if found is None else f"[{text}]({found})"

    def image(match: re.Match[str]) -> str:
        return f"![{match[1]}]({site(match[2]) or match[2]})"

    # what stands in code is not a link
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(
        part if number % 2 else _IMAGE.sub(image, _LINK.sub(link, part))
        for number, part in enumerate(parts)
    )
