"""The header of a GGUF file is read within the file, whatever it states."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest

from brainbench.errors import DataError
from brainbench.models.checkpoints.gguf import read_gguf_header


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small file with a value of every kind, and two tensors."""
    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_bool("a.bool", True)
    writer.add_uint32("a.count", 7)
    writer.add_float32("a.float", 0.5)
    writer.add_array("a.list", [1, 2, 3])
    writer.add_array("a.list.of.texts", ["one", "zwei", ""])
    writer.add_string("a.text", "größer")
    writer.add_tensor("one", np.ones((4, 32), np.float32))
    packed = gguf.quants.quantize(np.ones((4, 32), np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("two", packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_values_are_those_that_were_written(file: Path) -> None:
    found = read_gguf_header(file)
    assert found["general.architecture"] == "llama"
    assert found["a.bool"] is True
    assert (found["a.count"], found["a.float"], found["a.text"]) == (7, 0.5, "größer")
    assert found["a.list"] is found["a.list.of.texts"] is None


def test_no_cut_is_overlooked(file: Path) -> None:
    whole = file.read_bytes()
    # the last tensor may be followed by nothing but what fills up
    end = len(whole.rstrip(b"\0"))
    for size in range(end):
        file.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"^small\.gguf is "):
            read_gguf_header(file)


def test_damage_is_read_or_told(file: Path) -> None:
    whole = file.read_bytes()
    told = 0
    for place in range(whole.index(b"two") + 40):
        for change in (1, 128, 255):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
            try:
                read_gguf_header(file)
            except DataError:
                told += 1
    assert told > 100


def header(*values: bytes, tensors: int = 0, keys: int = 0) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + b"".join(values)


def text(content: str) -> bytes:
    return struct.pack("<Q", len(content)) + content.encode()


REFUSED = {
    "more keys than bytes": header(keys=2**62),
    "more tensors than bytes": header(tensors=2**62),
    "a text longer than the file": header(struct.pack("<Q", 2**62), bytes(50), keys=1),
    "a list longer than the file": header(
        text("k"), struct.pack("<IIQ", 9, 4, 2**62), bytes(50), keys=1
    ),
    "lists in lists without end": header(
        text("k"), struct.pack("<I", 9), struct.pack("<IQ", 9, 1) * 5000, keys=1
    ),
    "an unknown type": header(text("k"), struct.pack("<I", 99), bytes(50), keys=1),
    "a tensor of many dimensions": header(
        text("t"), struct.pack("<I", 2**31), bytes(50), tensors=1
    ),
    "a tensor of an unknown type": header(
        text("t"), struct.pack("<IQIQ", 1, 4, 9999, 0), bytes(50), tensors=1
    ),
    "a tensor larger than the file": header(
        text("t"), struct.pack("<IQQIQ", 2, 2**40, 2**40, 0, 0), bytes(50), tensors=1
    ),
    "a tensor behind the file": header(
        text("t"), struct.pack("<IQIQ", 1, 4, 0, 2**40), bytes(50), tensors=1
    ),
    "another version": b"GGUF" + struct.pack("<IQQ", 1, 0, 0),
    "another file": b"PK\x03\x04" + bytes(50),
    "nothing": b"",
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "odd.gguf"
    file.write_bytes(content)
    with pytest.raises(
        DataError, match=r"^odd\.gguf is (damaged or incomplete|not a GGUF file): .+"
    ):
        read_gguf_header(file)


def test_a_header_alone_is_one(tmp_path: Path) -> None:
    (tmp_path / "empty.gguf").write_bytes(header())
    assert read_gguf_header(tmp_path / "empty.gguf") == {}
