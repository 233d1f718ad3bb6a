"""An lm-eval model around a language model of brainbench.

Importing this module registers it with lm-eval as ``brainbench``:
``python -m brainbench.reasoning run --model brainbench --model_args pretrained=… --tasks …``;
plain ``lm_eval`` knows it after ``python -m brainbench.reasoning install``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import lm_eval.models  # noqa: F401  registers lm-eval's own, which must come first
from lm_eval.api.model import TemplateLM
from lm_eval.api.registry import register_model
from lm_eval.models.utils import normalize_gen_kwargs
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.models.prompts.batches import Tokens
from brainbench.models.prompts.encoder import Encoder
from brainbench.progress import Count
from brainbench.reasoning.lm.generation import Decoding, Generator
from brainbench.reasoning.lm.likelihoods import Likelihoods
from brainbench.reasoning.lm.request_groups import groups_of
from brainbench.reasoning.lm.response_cache import ResponseCache
from brainbench.reasoning.lm.schedule import Query

_LOG = logging.getLogger(__name__)

# where a configuration does not state the context length
_ROLLING_WINDOW = 2048
_GENERATED = 256
# what lm-eval's command line passes by default
_DEFAULT_DEVICE, _DEFAULT_BATCH = "cuda:0", 1
_OPTIONS = (
    "device",
    "dtype",
    "revision",
    "gguf_file",
    "peft",
    "untrained",
    "steer",
    "strength",
    "steer_tokens",
)


class GeneratedText(str):
    """Generated text, and whether the token limit cut it off: lm-eval does not pass that on.

    lm-eval makes targets of the answer's own type, ``type(answer)(target)``, and copies answers:
    one argument of any type must do, as for ``str``.
    """

    truncated: bool

    def __new__(cls, text: object = "", truncated: bool = False) -> GeneratedText:
        made = super().__new__(cls, text)
        made.truncated = truncated
        return made


@register_model("brainbench")
class BrainbenchLM(TemplateLM):  # type: ignore[misc]
    """Computes shared prefixes once and all choices of a question in one pass.

    Prompts that do not fit the model's context are an error; lm-eval's own models cut their
    beginning off.

    Parameters
    ----------
    pretrained : a :class:`LanguageModel`, or the name of one, as :func:`load_model` takes it.
    batch_size : rows in a pass.
    think : leave the chat template room for thoughts, where it knows them.
    responses : where to keep what was answered.
    progress : called with (requests done, requests).
    options : device, dtype, revision, gguf_file, peft, untrained, steer, strength, steer_tokens,
        trust_remote_code.
    """

    def __init__(
        self,
        pretrained: str | LanguageModel,
        batch_size: int | str | None = None,
        max_batch_size: int | None = None,
        *,
        think: bool = False,
        responses: ResponseCache | None = None,
        progress: Count = lambda done, total: None,
        **options: Any,
    ) -> None:
        super().__init__()
        if not isinstance(pretrained, LanguageModel):
            pretrained = _opened(pretrained, batch_size, think, options)
        self.language_model = pretrained
        self.responses = responses
        self.progress = progress
        self._warned: set[str] = set()

    # ------------------------------------------------------------ what lm-eval asks about it

    @property
    def tokenizer(self) -> Any:
        """The model's own."""
        return self.language_model.loader.tokenizer

    @property
    def eot_token_id(self) -> int | None:
        """Token that ends a text; None where the tokenizer has none."""
        end = self.tokenizer.eos_token_id
        return None if end is None else int(end)

    @property
    def prefix_token_id(self) -> int:
        """Token before an empty context.

        Raises
        ------
        DataError
            When the tokenizer has no such token.
        """
        if self._encoder.prefix is None:
            raise DataError(
                f"the tokenizer of {self.language_model.identifier} has neither a BOS nor an EOS "
                "token to stand before a text without context: name one in its "
                "tokenizer_config.json, as bos_token"
            )
        return self._encoder.prefix

    @property
    def max_length(self) -> int:
        """Context length in tokens."""
        return self.language_model.context_length or _ROLLING_WINDOW

    @property
    def max_gen_toks(self) -> int:
        """Tokens that are generated at most, where a task does not say."""
        return _GENERATED

    @property
    def tokenizer_name(self) -> str:
        """For lm-eval's cache of requests, which brainbench does not use."""
        return self.language_model.weights_sha256

    def tok_encode(
        self, string: str, add_special_tokens: bool | None = None, **_: Any
    ) -> list[int]:
        """Token ids of a text.

        Parameters
        ----------
        string : the text.
        add_special_tokens : whether the tokenizer adds them before the text; by default as it is
            used to, but not to a text that begins with one.
        """
        return list(self._encoder.encode([string], add_special_tokens)[0])

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The messages as the model's own template writes them.

        Parameters
        ----------
        chat_history : messages with ``role`` and ``content``.
        add_generation_prompt : whether the model's turn is opened behind them; otherwise the last
            message is the beginning of its answer.

        Raises
        ------
        UsageError
            When it has none.
        """
        chat = self.language_model.chat
        if chat.template is None:
            raise UsageError(
                f"{self.language_model.identifier} has no chat template: leave out "
                "--apply-chat-template"
            )
        return chat.text(chat_history, go_on=not add_generation_prompt)

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        """The template that is applied."""
        return self.language_model.chat.template if chat_template else None

    def get_model_info(self) -> dict[str, Any]:
        """For lm-eval's record."""
        facts = self.language_model.facts
        return {
            "model_num_parameters": facts["parameters"],
            "model_dtype": facts["dtype"],
            "model_revision": facts["revision"] or "",
            "model_sha": self.language_model.weights_sha256,
        }

    # ------------------------------------------------------------ requests

    def loglikelihood(
        self, requests: Sequence[Any], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """Log-likelihood of each (context, continuation) in nats, and whether greedy decoding would
        produce it.

        Parameters
        ----------
        requests : of lm-eval, each with a context and a continuation.
        disable_tqdm : not used.

        Returns
        -------
        (log-likelihood, is greedy) of each request.

        Raises
        ------
        DataError
            When a continuation has no token, or a text is longer than the model's context.
        """
        pairs = self._pairs(requests)
        for request, (context, continuation) in zip(requests, pairs, strict=True):
            if not continuation:
                raise DataError(f"{name_of(request)}: the continuation is empty, or has no token")
            # the last token is not read, it is only looked up
            self._check(request, len(context) + len(continuation) - 1)
        groups = self._groups(requests)
        found = self._likelihoods.score(
            [Query(*pair, group) for pair, group in zip(pairs, groups, strict=True)],
            [str(request.task_name) for request in requests],
            self.progress,
        )
        for request, answer in zip(requests, found, strict=True):
            self.cache_hook.add_partial("loglikelihood", request.args, answer)
        return found

    def loglikelihood_rolling(
        self, requests: Sequence[Any], disable_tqdm: bool = False
    ) -> list[float]:
        """Log-likelihood of each whole text in nats, in windows of the model's context.

        Parameters
        ----------
        requests : of lm-eval, each with a text.
        disable_tqdm : not used.
        """
        queries: list[Query] = []
        kinds: list[str] = []
        owners: list[int] = []
        groups = self._groups(requests)
        for i, request in enumerate(requests):
            for window in get_rolling_token_windows(
                token_list=self.tok_encode(request.args[0]),
                prefix_token=self.prefix_token_id,
                max_seq_len=self.max_length,
                context_len=1,
            ):
                context, continuation = make_disjoint_window(window)
                queries.append(Query(tuple(context), tuple(continuation), groups[i]))
                kinds.append(str(request.task_name))
                owners.append(i)
        totals = [0.0] * len(requests)
        found = self._likelihoods.score(queries, kinds, self.progress)
        for owner, (value, _) in zip(owners, found, strict=True):
            totals[owner] += value
        for request, total in zip(requests, totals, strict=True):
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, total)
        return totals

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        """Text generated by greedy decoding, or by sampling where the task asks for it.

        The model's own generation settings are not used; up to the first of the task's stops,
        its limit, or the end of the model's context.

        Parameters
        ----------
        requests : of lm-eval, each with a prompt and the task's generation settings.
        disable_tqdm : not used.

        Returns
        -------
        One :class:`GeneratedText` per request, without the prompt; ``truncated`` where the limit
        cut it off.

        Raises
        ------
        DataError
            When a prompt does not fit the model's context, or all of several different prompts
            have the same tokens.
        """
        groups: dict[str, list[int]] = {}
        for i, request in enumerate(requests):
            groups.setdefault(repr(sorted(request.args[1].items())), []).append(i)
        texts: dict[int, GeneratedText] = {}
        for own in groups.values():
            some = [requests[i] for i in own]
            decoding = _decoding(some[0].args[1])
            asked = [request.args[0] for request in some]
            prompts = self._encoder.encode(asked)
            self._check_distinct(some, asked, prompts)
            for request, prompt in zip(some, prompts, strict=True):
                self._check(request, len(prompt) + 1)
            completions = self._generator.generate(
                prompts,
                [str(request.task_name) for request in some],
                decoding,
                self.progress,
                self._groups(some),
            )
            for i, one in zip(own, completions, strict=True):
                text = self.tokenizer.decode(one.tokens, skip_special_tokens=True)
                for end in decoding.until:
                    text = text.split(end)[0] if end else text
                texts[i] = GeneratedText(text, one.cut_off)
                self.cache_hook.add_partial("generate_until", requests[i].args, texts[i])
        return [texts[i] for i in range(len(requests))]

    def forget(self) -> None:
        """Let kept keys and values go."""
        for part in ("_likelihoods", "_generator"):
            if part in self.__dict__:
                self.__dict__[part].forget()

    @cached_property
    def _encoder(self) -> Encoder:
        return self.language_model.chat.encoder

    @cached_property
    def _likelihoods(self) -> Likelihoods:
        model = self.language_model
        return Likelihoods(model.loader.model, model.batch_size, self.responses, model.acting)

    @cached_property
    def _generator(self) -> Generator:
        model = self.language_model
        return Generator(
            model.loader,
            model.batch_size,
            model.context_length,
            self.responses,
            model.acting,
        )

    def _loglikelihood_tokens(self, requests: Any, **_: Any) -> list[tuple[float, bool]]:
        """Part of lm-eval's base class: whole requests are scored instead."""
        steering = self.language_model.acting
        group = None if steering is None else steering.group_for(None)
        queries = [
            Query(tuple(context), tuple(continuation), group)
            for _, context, continuation in requests
        ]
        return self._likelihoods.score(queries, [""] * len(queries))

    def _pairs(self, requests: Sequence[Any]) -> list[tuple[Tokens, Tokens]]:
        """Tokens of contexts and continuations; an error names the request it comes from."""
        asked = [request.args[:2] for request in requests]
        try:
            pairs = self._encoder.pairs(asked)
        except DataError:
            for request in requests:
                try:
                    self._encoder.pairs([request.args[:2]])
                except DataError as error:
                    raise DataError(f"{name_of(request)}: {error}") from error
            raise
        self._check_distinct(requests, [c for c, _ in asked], [before for before, _ in pairs])
        return pairs

    def _check_distinct(
        self, requests: Sequence[Any], texts: Sequence[str], tokens: Sequence[Tokens]
    ) -> None:
        """Raise where different prompts have the same tokens, warn where some are unknown."""
        self._encoder.check_distinct(texts, tokens)
        unknown, task = self._encoder.unknown(tokens), str(requests[0].task_name)
        if unknown and f"{task}: unknown" not in self._warned:
            self._warned.add(f"{task}: unknown")
            _LOG.warning(
                "%s: %d of %d prompts hold something that the tokenizer does not know",
                task,
                unknown,
                len(tokens),
            )

    def _groups(self, requests: Sequence[Any]) -> list[str | None]:
        """The group whose directions steer each; one warning per task where some have none."""
        steering = self.language_model.acting
        if steering is None:
            return [None] * len(requests)
        return groups_of(steering, requests, self._warned)

    def _check(self, request: Any, needed: int) -> None:
        limit = self.language_model.context_length
        if limit is not None and needed > limit:
            raise DataError(
                f"{name_of(request)}: the prompt has {needed} tokens; "
                f"{self.language_model.identifier} reads {limit} at most. Take a model with a "
                "longer context, or fewer examples (--num-fewshot)"
            )


def name_of(request: Any) -> str:
    """Task and item of a request, as an error names it."""
    doc = request.doc if isinstance(request.doc, Mapping) else {}
    own = f" ({doc['id']})" if doc.get("id") else ""
    return f"{request.task_name}, item {request.doc_id}{own}"


def _opened(
    source: str, batch_size: int | str | None, think: bool, options: Mapping[str, Any]
) -> LanguageModel:
    unknown = set(options) - {*_OPTIONS, "trust_remote_code"}
    if unknown:
        raise UsageError(
            f"model argument {sorted(unknown)[0]!r}: there are pretrained, batch_size, think, "
            f"{', '.join(_OPTIONS)}, trust_remote_code"
        )
    given = dict(options)
    if given.get("device") == _DEFAULT_DEVICE and not _has_cuda():
        given["device"] = None
    # "auto" and the like leave it to us
    given_size = str(batch_size)
    size = int(given_size) if given_size.isdigit() and int(given_size) != _DEFAULT_BATCH else None
    model = load_model(source, ModelOptions(batch_size=size, think=think, **given))
    if not isinstance(model, LanguageModel):
        raise UsageError(f"pretrained={source} is not a language model that brainbench runs")
    return model


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _decoding(given: Mapping[str, Any]) -> Decoding:
    """lm-eval's settings of generation as ours."""
    settings = dict(normalize_gen_kwargs(dict(given), _GENERATED))
    until = tuple(str(end) for end in settings.pop("until") if end)
    most = int(settings.pop("max_gen_toks"))
    if most < 1:
        raise UsageError(f"max_gen_toks must be at least 1, not {most}")
    greedy = not settings.get("do_sample") and settings.get("num_beams", 1) == 1
    if not greedy and not settings.get("do_sample"):
        settings.pop("temperature", None)
    return Decoding(most, until, {} if greedy else settings)


__all__ = ["BrainbenchLM", "GeneratedText", "Tokens", "name_of"]
