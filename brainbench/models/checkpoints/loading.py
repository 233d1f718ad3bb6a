"""Load a model from its files."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from brainbench.errors import BrainbenchError, DataError, UnknownNameError, UsageError
from brainbench.models.checkpoints.attention import attention_of, without_attention
from brainbench.models.checkpoints.checkpoint import Checkpoint
from brainbench.models.checkpoints.damage import find_damage, no_vocabulary
from brainbench.models.checkpoints.failures import (
    net,
    one_line,
    out_of_memory,
    package_at_fault,
    passes,
    sentences,
)
from brainbench.models.checkpoints.gguf import read_gguf_header
from brainbench.models.checkpoints.memory import (
    MemoryPlan,
    check_memory,
    free_memory,
    plan_memory,
    weight_bytes,
)
from brainbench.models.checkpoints.quantized import check_packages, quantisation_of, remedy
from brainbench.models.checkpoints.unused_weights import check_unused, unused_in_gguf

_LOG = logging.getLogger(__name__)

# looks into a folder for what is wrong with it
Look = Callable[[Path], str | None]
DTYPES = ("float32", "bfloat16", "float16")


class Loader(Protocol):
    """The parts of a model, each loaded on first use."""

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
            f"{asked!r} is not a device; there are auto, cpu, cuda, cuda:0, …, mps"
        ) from error
    there = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }.get(device.type, 0)
    if (device.index or 0) >= there:
        raise UsageError(f"this machine has no device {asked}")
    return str(asked)


def resolve_dtype(asked: str | None, device: str, own: str | None = None) -> str:
    """The number format: by default float32 on cpu and mps, bfloat16 on cuda.

    Parameters
    ----------
    asked : ``float32``, ``bfloat16``, ``float16``; ``auto`` for the checkpoint's own; None to
        choose by device.
    device : name of a torch device.
    own : what the checkpoint is in; None where it does not say.

    Raises
    ------
    UnknownNameError
        When there is no such format.
    """
    if asked == "auto" and own in DTYPES:
        return str(own)
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
    attention : implementation that computes attention; None for the configuration's.
    batch_size : prompts in a batch, for the plan of the memory.
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
        attention: str | None = None,
        batch_size: int = 32,
    ) -> None:
        self._attention = attention
        self._batch_size = batch_size
        self._unused: tuple[str, ...] = ()
        self._checkpoint = checkpoint
        self._device = device
        self._dtype = dtype
        self._adapter = adapter
        self._untrained = untrained
        self._spread = spread
        self._code = code
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
        """Whether the weights are initialised at random."""
        return self._untrained is not None

    @property
    def code(self) -> bool:
        """Whether the repository's own Python may run."""
        return self._code

    @cached_property
    def tokenizer(self) -> Any:
        """Tokenizer, with the chat template where there is one."""
        with self._loading(no_vocabulary):
            from transformers import AutoTokenizer

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
        with self._loading():
            from transformers import AutoConfig

            return AutoConfig.from_pretrained(self._folder, **self._source)

    @cached_property
    def model(self) -> Any:
        """The model on its device, in evaluation mode."""
        with self._loading():
            if self._untrained is None:
                self._check_memory()
                model = self._with_weights()
            else:
                model = draw(self.config, self._dtype, self._untrained, self._attention)
            if self._adapter is not None:
                model = _with_adapter(model, self._adapter)
            if not self._spread and not (self._packed and self._untrained is None):
                model = model.to(self._device)
        return model.eval()

    @property
    def unused(self) -> tuple[str, ...]:
        """A warning of weights that the model has no place for; loads it."""
        # known once it was loaded
        assert self.model is not None
        return self._unused

    @property
    def _packed(self) -> bool:
        """Whether the weights stay quantised in memory."""
        return self._checkpoint.gguf_file is None and quantisation_of(self.config) is not None

    @cached_property
    def memory(self) -> MemoryPlan:
        """Memory that it is planned to take; no weights are read for it.

        Raises
        ------
        DataError
            When no causal language model can be made of the configuration.
        """
        return plan_memory(
            self.config,
            self._dtype,
            n_parameters=count_parameters(self.config),
            batch_size=self._batch_size,
            files=weight_bytes(self._checkpoint.folder) if self._packed else None,
            attention=attention_of(self.config, self._attention).get("attn_implementation"),
        )

    def _check_memory(self) -> None:
        try:
            plan = self.memory
        except Exception:
            # a repository's own code may not be built without weights: loading says what is wrong
            return
        _LOG.debug("memory planned for %s: %s", self._checkpoint.name, plan.describe())
        # layers that the GPUs do not hold are kept by the processor, and by the disk
        devices = free_memory(self._device, self._spread)
        if self._spread:
            devices |= free_memory("cpu")
        warning = check_memory(plan, devices, self._checkpoint.name)
        if warning is not None:
            _LOG.warning("%s", warning)

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

        check_packages(self.config, self._checkpoint.name)
        options = dict(self._source) | attention_of(self.config, self._attention)
        if options.get("attn_implementation", "") is None:
            # as an option, None changes nothing
            options = {name: v for name, v in options.items() if name != "attn_implementation"}
            options["config"] = without_attention(self.config)
        if self._checkpoint.gguf_file:
            options["quantization_config"] = GgufConfig(dequantize=True)
        else:
            options["use_safetensors"] = True
        if self._spread:
            options["device_map"] = "auto"
        elif self._packed:
            # such weights are not moved once they are loaded
            options["device_map"] = {"": self._device}
        found: Any = AutoModelForCausalLM.from_pretrained(
            self._folder, dtype=getattr(torch, self._dtype), output_loading_info=True, **options
        )
        model, info = found
        missing = sorted(info["missing_keys"])
        if missing:
            # transformers would go on with random weights in their place
            raise DataError(
                f"{self._checkpoint.name} lacks weights: {', '.join(missing[:3])} "
                f"({len(missing)} in all)"
            )
        unused = sorted(info["unexpected_keys"])
        if self._checkpoint.gguf_file:
            # its reader passes over tensors that it has no name for
            unused = unused_in_gguf(model, self._checkpoint.folder / self._checkpoint.gguf_file)
        self._unused = check_unused(unused, model, self._checkpoint.name)
        for text in self._unused:
            _LOG.warning("%s", text)
        return model

    @contextlib.contextmanager
    def _loading(self, look: Look = lambda folder: None) -> Iterator[None]:
        """Keep transformers quiet, and raise its errors with the model's name and what to do."""
        try:
            with _quiet():
                yield
        except BaseException as error:
            if passes(error):
                raise
            raise self._explained(error, look) from error

    def _explained(self, error: BaseException, look: Look) -> BrainbenchError:
        """What made it fail: memory, the files, a package, or what the library says itself."""
        name = self._checkpoint.gguf_file or self._checkpoint.name
        if out_of_memory(error):
            return DataError(f"{name} does not fit the memory of this device")
        if "trust_remote_code" in str(error):
            return UsageError(
                f"{name} needs Python code of its own repository; where you trust it, "
                "--trust-remote-code lets it run"
            )
        fault = None
        if self._checkpoint.gguf_file is None:
            folder = self._checkpoint.folder
            with contextlib.suppress(OSError):
                fault = find_damage(folder) or look(folder)
        fault = fault or package_at_fault(error)
        if fault is None:
            fault = sentences(one_line(error), "A file of it may be damaged or incomplete")
        more = remedy(self.__dict__.get("config"))
        return DataError(sentences(f"{name} cannot be loaded: {fault}", more))


def build(config: Any, dtype: str = "float32", attention: str | None = None) -> Any:
    """A causal language model of a configuration, with random weights.

    Parameters
    ----------
    config : configuration of transformers; a copy is used.
    dtype : number format of the weights.
    attention : implementation that computes attention; None for the configuration's.
    """
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_config(
        # transformers writes into what it is given
        copy.deepcopy(config),
        dtype=getattr(torch, dtype),
        **attention_of(config, attention),
    )


def draw(config: Any, dtype: str, seed: int, attention: str | None = None) -> Any:
    """A causal language model with random weights of a seed, on the cpu.

    The global random state stays as it was.

    Parameters
    ----------
    config : configuration of transformers.
    dtype : number format of the weights.
    seed : of torch's generator.
    attention : implementation that computes attention; None for the configuration's.
    """
    import torch

    with _quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(config, dtype, attention)


def count_parameters(config: Any) -> int:
    """Parameters of a model, tied ones once, from its configuration alone.

    Raises
    ------
    DataError
        When no causal language model can be made of it.
    """
    return sum(parameter.numel() for parameter in without_weights(config).parameters())


def without_weights(config: Any) -> Any:
    """A causal language model of a configuration that takes no memory: its weights are nowhere.

    Raises
    ------
    DataError
        When none can be made of it.
    """
    import torch

    what = "no causal language model can be made of the configuration"
    with net(what), _quiet(), torch.device("meta"):
        return build(config)


def put_adapter(model: Any, adapter: Path) -> Any:
    """A model in memory wrapped in an adapter, every weight of which was loaded.

    Parameters
    ----------
    model : a model of transformers.
    adapter : folder of a PEFT adapter that changes weights, such as LoRA.

    Raises
    ------
    ValueError, and whatever peft raises
        When it does not fit.
    """
    from peft import PeftModel

    adapted: Any = PeftModel.from_pretrained(model, str(adapter))
    if not hasattr(adapted.base_model, "merge_and_unload"):
        kind = next(iter(adapted.peft_config.values())).peft_type
        raise ValueError(
            f"it is of the kind {getattr(kind, 'value', kind)}, which changes the prompt rather "
            "than the weights and cannot be merged into them; take one that can, such as LoRA"
        )
    # a second time: only this call reports which weights found no place, or got none
    report = adapted.load_adapter(str(adapter), "default")
    lost = sorted([*report.missing_keys, *report.unexpected_keys])
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


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No bars and hints of transformers among our own lines."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        # its GGUF reader shows a bar whatever is set
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
