"""From a model's files to a model that runs."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from brainbench.errors import BrainbenchError, DataError, UnknownNameError, UsageError
from brainbench.models.cache import Say
from brainbench.models.checkpoint import Checkpoint
from brainbench.models.gguf_file import read_gguf_header
from brainbench.models.unused_weights import check_unused, unused_in_gguf

DTYPES = ("float32", "bfloat16", "float16")


class Loader(Protocol):
    """The parts of a model, each made when it is first asked for."""

    @property
    def tokenizer(self) -> Any: ...

    @property
    def config(self) -> Any: ...

    @property
    def model(self) -> Any:
        """The causal language model, ready to run."""
        ...

    @property
    def unused(self) -> tuple[str, ...]:
        """A warning of weights that the model has no place for; loads it."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A model that is in memory already."""

    model: Any
    tokenizer: Any

    @property
    def config(self) -> Any:
        """Configuration of the model."""
        return self.model.config

    @property
    def unused(self) -> tuple[str, ...]:
        """Nothing was left out here."""
        return ()


def resolve_device(asked: str | None) -> str:
    """The device to run on: ``cpu``, ``cuda``, ``cuda:1``, ``mps``; ``auto`` finds one.

    Raises
    ------
    UsageError
        When torch knows no such device or this machine has none.
    """
    import torch

    if asked in (None, "auto"):
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise UsageError(
            f"{asked!r} is no device; there are auto, cpu, cuda, cuda:0, …, mps"
        ) from error
    there = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }.get(device.type, 0)
    if (device.index or 0) >= there:
        raise UsageError(f"this machine has no device {asked}")
    return str(asked)


def resolve_dtype(asked: str | None, device: str) -> str:
    """The number format: ``auto`` is float32 on cpu and mps, bfloat16 on cuda."""
    if asked in (None, "auto"):
        return "bfloat16" if device.startswith("cuda") else "float32"
    if asked not in DTYPES:
        raise UnknownNameError("dtype", str(asked), ("auto", *DTYPES))
    return str(asked)


class CheckpointLoader:
    """A model in files.

    What raises ``DataError`` where the files are damaged or incomplete.

    Parameters
    ----------
    checkpoint : the files.
    device, dtype : resolved.
    adapter : folder of a PEFT adapter, merged into the weights.
    untrained : seed; the weights are drawn anew, as for training from scratch.
    spread : divide the layers over all GPUs (``device_map``).
    code : let the repository's own Python run.
    say : told of weights that the model has no place for.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str,
        dtype: str,
        adapter: Path | None = None,
        untrained: int | None = None,
        spread: bool = False,
        code: bool = False,
        say: Say = lambda text: None,
    ) -> None:
        self._say = say
        self._unused: tuple[str, ...] = ()
        self._checkpoint = checkpoint
        self._device = device
        self._dtype = dtype
        self._adapter = adapter
        self._untrained = untrained
        self._spread = spread
        # a GGUF file holds no code
        self._source: dict[str, Any] = (
            {"gguf_file": Path(checkpoint.gguf_file).name}
            if checkpoint.gguf_file
            else {"trust_remote_code": code}
        )

    @property
    def checkpoint(self) -> Checkpoint:
        """The files."""
        return self._checkpoint

    @property
    def adapter(self) -> Path | None:
        """Folder of the PEFT adapter."""
        return self._adapter

    @property
    def untrained(self) -> bool:
        """Whether the weights are drawn anew."""
        return self._untrained is not None

    @cached_property
    def tokenizer(self) -> Any:
        """Tokenizer, with the chat template where there is one."""
        from transformers import AutoTokenizer

        with self._loading():
            found: Any = AutoTokenizer.from_pretrained(self._folder, **self._source)
            if self._checkpoint.gguf_file:
                file = self._checkpoint.folder / self._checkpoint.gguf_file
                if read_gguf_header(file).get("tokenizer.ggml.add_bos_token") is True:
                    # transformers 5.19 drops this: Gemma then misses its first token
                    found.add_bos_token = True
        return found

    @cached_property
    def config(self) -> Any:
        """Configuration."""
        from transformers import AutoConfig

        with self._loading():
            return AutoConfig.from_pretrained(self._folder, **self._source)

    @cached_property
    def model(self) -> Any:
        """The model on its device, in evaluation mode."""
        with self._loading():
            if self._untrained is None:
                model = self._with_weights()
            else:
                model = draw(self.config, self._dtype, self._untrained)
            if self._adapter is not None:
                model = _with_adapter(model, self._adapter)
            if not self._spread:
                model = model.to(self._device)
        return model.eval()

    @property
    def unused(self) -> tuple[str, ...]:
        """A warning of weights that the model has no place for; loads it."""
        # known once it was loaded
        assert self.model is not None
        return self._unused

    @property
    def _folder(self) -> str:
        return self._alone.name if self._checkpoint.gguf_file else str(self._checkpoint.folder)

    @cached_property
    def _alone(self) -> TemporaryDirectory[str]:
        """A folder with the GGUF file only.

        Transformers prefers a ``tokenizer.json`` beside it, which no hash knows of.
        """
        folder = TemporaryDirectory(prefix="brainbench-")
        file = (self._checkpoint.folder / str(self._checkpoint.gguf_file)).resolve()
        link = Path(folder.name) / self._source["gguf_file"]
        try:
            link.symlink_to(file)
        except OSError:
            # Windows lets not everybody make symbolic links
            shutil.copyfile(file, link)
        return folder

    def _with_weights(self) -> Any:
        import torch
        from transformers import AutoModelForCausalLM, GgufConfig

        options = dict(self._source) | attention_of(self.config)
        if self._checkpoint.gguf_file:
            options["quantization_config"] = GgufConfig(dequantize=True)
        else:
            options["use_safetensors"] = True
        if self._spread:
            options["device_map"] = "auto"
        found: Any = AutoModelForCausalLM.from_pretrained(
            self._folder, dtype=getattr(torch, self._dtype), output_loading_info=True, **options
        )
        model, told = found
        missing = sorted(told["missing_keys"])
        if missing:
            # transformers would go on with random weights in their place
            raise DataError(
                f"{self._checkpoint.name} lacks weights: {', '.join(missing[:3])} "
                f"({len(missing)} in all)"
            )
        unused = sorted(told["unexpected_keys"])
        if self._checkpoint.gguf_file:
            # its reader passes over tensors that it has no name for
            unused = unused_in_gguf(model, self._checkpoint.folder / self._checkpoint.gguf_file)
        self._unused = check_unused(unused, model, self._checkpoint.name)
        for text in self._unused:
            self._say(text)
        return model

    @contextlib.contextmanager
    def _loading(self) -> Iterator[None]:
        """Keep transformers quiet, and tell its errors with the model's name and what to do."""
        name = self._checkpoint.gguf_file or self._checkpoint.name
        try:
            with _quiet():
                yield
        # damaged files make it fail in many ways; every one of them is about the files
        except (BrainbenchError, KeyboardInterrupt):
            raise
        except Exception as error:
            if out_of_memory(error):
                raise DataError(f"{name} does not fit the memory of this device") from error
            if "trust_remote_code" in str(error):
                raise UsageError(
                    f"{name} needs Python code of its own repository; where you trust it, "
                    "--trust-remote-code lets it run"
                ) from error
            text = str(error).strip().split("\n")[0] or type(error).__name__
            raise DataError(
                f"{name} cannot be loaded: {text}. A file of it may be damaged or incomplete"
            ) from error


def build(config: Any, dtype: str = "float32") -> Any:
    """A causal language model of a configuration, its weights drawn anew."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_config(
        config, dtype=getattr(torch, dtype), **attention_of(config)
    )


def draw(config: Any, dtype: str, seed: int) -> Any:
    """A causal language model whose weights a seed draws, on the cpu; no other draw is moved."""
    import torch

    with _quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(config, dtype)


def attention_of(config: Any) -> dict[str, str]:
    """Which attention computes a configuration in full.

    The fused one of torch leaves Gemma 2's soft cap out, without a word.
    """
    capped = getattr(config.get_text_config(), "attn_logit_softcapping", None)
    return {"attn_implementation": "eager"} if capped else {}


def count_parameters(config: Any) -> int:
    """Parameters of a model, tied ones once, from its configuration alone."""
    import torch

    try:
        with _quiet(), torch.device("meta"):
            return sum(parameter.numel() for parameter in build(config).parameters())
    except ValueError as error:
        raise DataError(f"it is no causal language model: {error}") from error


def put_adapter(model: Any, adapter: Path) -> Any:
    """A model in memory with an adapter around it, every weight of it in its place.

    Raises
    ------
    ValueError, and whatever peft raises
        When it does not fit.
    """
    from peft import PeftModel

    adapted: Any = PeftModel.from_pretrained(model, str(adapter))
    adapted.merge_and_unload  # noqa: B018  (kinds that cannot be merged lack it)
    # once more: only this way does it tell which weights found no place, or got none
    told = adapted.load_adapter(str(adapter), "default")
    lost = sorted([*told.missing_keys, *told.unexpected_keys])
    if lost:
        raise ValueError(f"one of them lacks {lost[0]} ({len(lost)} weights in all)")
    return adapted


def _with_adapter(model: Any, adapter: Path) -> Any:
    try:
        return put_adapter(model, adapter).merge_and_unload()
    except Exception as error:
        raise DataError(
            f"the PEFT adapter {adapter.name} does not fit the model: {error}"
        ) from error


def out_of_memory(error: BaseException) -> bool:
    """Whether it is torch saying that memory ran out, on any device."""
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError)
        and ("not enough memory" in str(error) or "out of memory" in str(error))
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No bars and hints of transformers among our own lines."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        # its GGUF reader shows a bar whatever it is told
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
