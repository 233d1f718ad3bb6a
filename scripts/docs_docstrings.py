"""Extension of griffe: docstrings as this project writes them, for the reference of the docs.

numpydoc takes what stands behind ``name :`` for a type. Here types stand in the signature, and
behind the name stands what it is; what is returned is a sentence.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_HEADING = re.compile(r"^(?P<title>[A-Z]\w+)\n-{3,}\n", re.MULTILINE)
_ITEM = re.compile(r"^(?P<names>\w[\w, *.]*?) : (?P<text>.*)$", re.MULTILINE)
_ROLE = re.compile(r":\w+:`~?(?:[^`<]*<)?\.?(?P<name>[^`>]+)>?`")
_LISTS = ("Parameters", "Attributes")
_SENTENCES = ("Returns", "Yields")


def as_numpydoc(text: str) -> str:
    """The docstring with descriptions below names, and sentences as paragraphs."""
    text = _ROLE.sub(lambda match: f"``{match['name'].rpartition('.')[2]}``", text)
    heads = list(_HEADING.finditer(text))
    if not heads:
        return text
    parts, told = [text[: heads[0].start()]], []
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : after.start() if after else len(text)]
        if head["title"] in _SENTENCES:
            # before the lists: a paragraph behind one would be part of it
            told.append(f"**{head['title']}** {body.strip()}\n\n")
        elif head["title"] in _LISTS:
            parts.append(head.group() + _ITEM.sub(r"\g<names>\n    \g<text>", body))
        else:
            parts.append(head.group() + body)
    return "".join([parts[0], *told, *parts[1:]])


class PlainDocstrings(griffe.Extension):
    """Rewrites docstrings before they are read."""

    def on_object(self, *, obj: griffe.Object, loader: griffe.GriffeLoader, **more: Any) -> None:
        """Called for every object once it is loaded."""
        if obj.docstring is not None:
            obj.docstring.value = as_numpydoc(obj.docstring.value)
