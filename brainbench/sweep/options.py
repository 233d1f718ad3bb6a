"""Options of ``brainbench evaluate`` as a file may give them, and as the command takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from brainbench.errors import UsageError

Kind = Literal["flag", "int", "float", "text"]
_WORDS = {"int": "a whole number", "float": "a number", "text": "a text", "flag": "true or false"}


@dataclass(frozen=True)
class Option:
    """One option of the command.

    Attributes
    ----------
    name : as a file spells it, with underscores.
    flag : as the command spells it.
    kind : of its value.
    many : whether it may be given again.
    separator : what stands between several values in one text; empty where it takes one value.
    pairs : whether it takes ``name=value``, which a file may write as a map.
    help : its line in the help.
    """

    name: str
    flag: str
    kind: Kind = "text"
    many: bool = False
    separator: str = ""
    pairs: bool = False
    help: str = ""

    def words(self, value: Any) -> list[str]:
        """The words of a command line that give it this value; none for null and for false.

        Raises
        ------
        UsageError
            When the value is of another kind.
        """
        if value is None or (self.kind == "flag" and value is False):
            return []
        if self.kind == "flag" and value is True:
            return [self.flag]
        if isinstance(value, list) and value:
            texts = [self._text(one) for one in value]
            if self.many:
                return [word for text in texts for word in (self.flag, text)]
            if self.separator:
                return [self.flag, self.separator.join(texts)]
        elif isinstance(value, Mapping) and self.pairs and value:
            pairs = (f"{name}={_plain(one)}" for name, one in value.items())
            return [self.flag, ",".join(pairs)]
        elif self.kind != "flag":
            return [self.flag, self._text(value)]
        raise self._unfit(value)

    def _text(self, value: Any) -> str:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = (
            type(value) is int
            if self.kind == "int"
            else number
            if self.kind == "float"
            else isinstance(value, str) or number
        )
        if not fits:
            raise self._unfit(value)
        return _plain(value)

    def _unfit(self, value: Any) -> UsageError:
        several = ", or a list of such" if self.many or self.separator else ""
        return UsageError(f"{self.name} is {_WORDS[self.kind]}{several}, not {value!r}")

    @property
    def json_schema(self) -> dict[str, Any]:
        """What JSON Schema says of its value."""
        types = {"int": "integer", "float": "number", "text": "string", "flag": "boolean"}
        one: dict[str, Any] = {"type": types[self.kind]}
        forms = [one]
        if self.many or self.separator:
            forms.append({"type": "array", "items": one, "minItems": 1})
        if self.pairs:
            forms.append({"type": "object"})
        shape = one if len(forms) == 1 else {"anyOf": forms}
        return {**shape, "description": self.help}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value)
