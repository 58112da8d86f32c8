"""What is in the programs, and what is not: how they were linked, and that the one that serves has no demo in it."""

import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

from program import PATIENCE, PROGRAM

DEMO = Path(PROGRAM).with_name("datashield-demo")

DT_FLAGS, DT_BIND_NOW, DT_FLAGS_1 = 30, 24, 0x6FFFFFFB
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000
ET_DYN, PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO, PF_X = 3, 2, 0x6474E551, 0x6474E552, 1


def linked(program):
    """How a 64-bit ELF file was linked: its type, its segments with their flags, and the entries of its dynamic section."""
    with open(program, "rb") as file:
        head = file.read(64)
        assert head[:5] == b"\x7fELF\x02"
        kind = struct.unpack_from("<H", head, 16)[0]
        start, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
        segments, dynamic = {}, {}
        for number in range(count):
            file.seek(start + number * size)
            segment, flags, offset, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
            segments[segment] = flags
            if segment == PT_DYNAMIC:
                file.seek(offset)
                dynamic = dict(struct.iter_unpack("<QQ", file.read(length)))
    return kind, segments, dynamic


@pytest.mark.parametrize("program", [PROGRAM, DEMO], ids=["datashield", "datashield-demo"])
def test_a_program_lies_anywhere_in_memory_and_nothing_of_it_is_both_written_and_called(program):
    kind, segments, dynamic = linked(program)
    assert kind == ET_DYN and dynamic.get(DT_FLAGS_1, 0) & DF_1_PIE, "it is not position-independent"
    assert DT_BIND_NOW in dynamic or dynamic.get(DT_FLAGS, 0) & DF_BIND_NOW or dynamic.get(DT_FLAGS_1, 0) & DF_1_NOW, "it binds lazily"
    assert PT_GNU_RELRO in segments, "its tables stay writable"
    assert not segments[PT_GNU_STACK] & PF_X, "its stack is executable"


def test_the_program_that_serves_has_no_stand_ins_in_it():
    # The mangled name of the sandbox's module begins every symbol and type of it.
    mark = b"$s7Sandbox"
    assert mark in DEMO.read_bytes()
    assert mark not in Path(PROGRAM).read_bytes()


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_without_its_program_the_demo_says_in_one_sentence_that_it_is_another(command):
    directory = Path(tempfile.mkdtemp(prefix="ds-alone-"))
    try:
        alone = directory / "datashield"
        try:
            os.link(PROGRAM, alone)
        except OSError:
            # Another file system, or the same one mounted elsewhere.
            shutil.copy2(PROGRAM, alone)
        done = subprocess.run([str(alone), command, "--port", "0"], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 1
        assert done.stderr == f"datashield: The {command} is a separate program, datashield-demo, which is not installed beside this one.\n"
        assert done.stdout == ""
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def test_beside_it_the_demo_gets_what_it_is_told():
    wrong = subprocess.run([PROGRAM, "sandbox", "--port", "70000"], capture_output=True, text=True, timeout=PATIENCE)
    assert wrong.returncode == 2 and "--port has to be within 0 and 65535" in wrong.stderr
    shown = subprocess.run([str(DEMO), "--help"], capture_output=True, text=True, timeout=PATIENCE)
    assert shown.returncode == 0 and "sandbox" in shown.stdout
