"""Wide instructions only where their flags are meant; and the checker notices when they are elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import disassembly  # noqa: E402
import secret_flow  # noqa: E402

WIDE_FLAGS = ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mavx512ifma"]

SHARED_INLINE = """
#pragma once
#include <cstddef>
inline void add_all(double* a, const double* b, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) a[i] += b[i];
}
"""
KERNEL = """
#include "shared.hpp"
void (*{name}_hook)(double*, const double*, std::size_t) = add_all;
"""


def compile_to(folder: Path, name: str, text: str, *flags: str) -> Path:
    source, out = folder / f"{name}.cpp", folder / f"{name}.cpp.o"
    source.write_text(text)
    command = ["g++", "-std=c++20", "-O3", "-fvisibility=hidden", "-I", str(folder), *flags]
    subprocess.run([*command, "-c", str(source), "-o", str(out)], check=True)
    return out


def test_libraries(build_folder: Path) -> None:
    libraries = disassembly.objects_of(build_folder)
    objects = [path for members in libraries.values() for path in members]
    assert {path.stem for path in libraries} >= {"libpyfe_base", "libpyfe_field", "libpyfe_group"}
    assert disassembly.check(objects) == []
    code = [path for path in objects if not path.name.startswith("constants")]
    counted = {path.name: disassembly.wide_instructions(path)[1] for path in code}
    assert [name for name, count in counted.items() if count == 0] == [], "an object without code was not checked"


def test_the_fast_path_is_there(build_folder: Path) -> None:
    """The libraries do have AVX-512, in the files meant to have it: otherwise the test above proves little."""
    members = [path for paths in disassembly.objects_of(build_folder).values() for path in paths]
    wide = [path for path in members if disassembly.is_wide_source(path)]
    assert wide
    kinds = {what.split(":")[0] for path in wide for what in disassembly.wide_instructions(path)[0].values()}
    assert "AVX-512" in kinds


def test_planted_shared_inline_helper_is_caught(tmp_path: Path) -> None:
    """The trap itself: one helper, compiled with and without the flags; the linker would keep either copy."""
    (tmp_path / "ifma").mkdir()
    for folder in (tmp_path, tmp_path / "ifma"):
        (folder / "shared.hpp").write_text(SHARED_INLINE)
    plain = compile_to(tmp_path, "plain", KERNEL.format(name="plain"))
    wide = compile_to(tmp_path / "ifma", "kernel", KERNEL.format(name="wide"), *WIDE_FLAGS)
    assert disassembly.check([plain]) == []
    findings = disassembly.check([plain, wide])
    assert [f.function.split("(")[0] for f in findings] == ["add_all"]
    assert "also in plain.cpp.o" in findings[0].what


def test_planted_unmarked_inline_is_caught_without_a_twin(tmp_path: Path) -> None:
    (tmp_path / "shared.hpp").write_text(SHARED_INLINE)
    wide = compile_to(tmp_path, "kernel_ifma", KERNEL.format(name="wide"), *WIDE_FLAGS)
    findings = disassembly.check([wide])
    assert [f.function.split("(")[0] for f in findings] == ["add_all"]


@pytest.mark.parametrize(
    ("flag", "kind", "body"),
    [
        ("-mavx512f", "AVX-512", "for (int i = 0; i < 64; ++i) a[i] += b[i];"),
        ("-mavx", "VEX", "for (int i = 0; i < 64; ++i) a[i] += b[i];"),
        ("-mbmi2", "BMI", "for (int i = 0; i < 64; ++i) a[i] = (double)(1ul << (unsigned long)b[i]);"),
    ],
)
def test_planted_flags_are_caught_in_a_portable_file(tmp_path: Path, flag: str, kind: str, body: str) -> None:
    text = f"void f(double* a, const double* b) {{ {body} }}"
    extra = ["-mprefer-vector-width=512"] if kind == "AVX-512" else []
    findings = disassembly.check([compile_to(tmp_path, "plain", text, flag, *extra)])
    assert [f.what.split(":")[0] for f in findings] == [kind]


# -- jumps and addresses that lanes decide ----------------------------------------------------------------

LANES = """
#include <immintrin.h>
#include <cstdint>
"""
LEAKS = {
    "jump": "unsigned leaky(const uint64_t* a, uint64_t* b, int n) { __m512i v = _mm512_loadu_si512(a);"
    " if (_mm512_test_epi64_mask(v, v) & 4) b[n] = a[0]; _mm512_storeu_si512(b, v); return 0; }",
    "address": "uint64_t leaky(const uint64_t* a, const uint64_t* table) { __m512i v = _mm512_loadu_si512(a);"
    " return table[_mm_cvtsi128_si64(_mm512_castsi512_si128(_mm512_add_epi64(v, v)))]; }",
    "address by memory": "uint64_t leaky(const uint8_t* digit, const uint64_t* table) { return table[*digit]; }",
    "gather": "void leaky(const uint64_t* a, const uint64_t* table, uint64_t* b) {"
    " _mm512_storeu_si512(b, _mm512_i64gather_epi64(_mm512_loadu_si512(a), table, 8)); }",
    "jump on a digit": "void leaky(const uint8_t* digits, uint64_t* b, int n) {"
    " for (int i = 0; i < n; ++i) if (digits[i] != 8) b[i] = b[i + 1] + n; }",
}
SOUND = """
void sound(const uint64_t* a, const uint64_t* table, uint64_t* b, int n) {
    const __m512i v = _mm512_loadu_si512(a);
    for (int i = 0; i < n; ++i) {
        const __mmask8 here = _mm512_cmpeq_epi64_mask(v, _mm512_set1_epi64(i));
        _mm512_storeu_si512(b, _mm512_mask_blend_epi64(here, _mm512_loadu_si512(b), _mm512_loadu_si512(table + 8 * i)));
    }
}
"""


def test_no_jump_and_no_address_in_the_kernels_depends_on_lanes(build_folder: Path) -> None:
    members = [path for paths in disassembly.objects_of(build_folder).values() for path in paths]
    leaks, missing = secret_flow.check(path for path in members if disassembly.is_wide_source(path))
    assert leaks == []
    assert missing == [], "listed, but in no object: renamed, or inlined everywhere"


@pytest.mark.parametrize("kind", LEAKS)
def test_planted_leaks_are_caught(tmp_path: Path, kind: str) -> None:
    planted = compile_to(tmp_path, "kernel_ifma", LANES + LEAKS[kind] + SOUND, *WIDE_FLAGS, "-fno-tree-vectorize")
    leaks, missing = secret_flow.check([planted], ["leaky", "sound"])
    assert missing == []
    assert {leak.function for leak in leaks} == {"leaky"}
    assert kind.split()[0] in {leak.what.split(":")[0] for leak in leaks}


def test_a_digit_in_a_lambda_is_no_capture(tmp_path: Path) -> None:
    """Sizes and addresses behind a capture are clean, bytes are not."""
    text = """
    template <class Body> [[gnu::noinline]] void run(Body body) { body(0); }
    void outer(const uint8_t* digits, uint64_t* b, int n) {
        run([&](int lane) __attribute__((noinline)) { for (int i = 0; i < n; ++i) b[i] += lane; });
        run([&](int lane) __attribute__((noinline)) { if (digits[lane] != 8) b[lane] = b[lane + n]; });
    }
    """
    planted = compile_to(tmp_path, "kernel_ifma", LANES + text, *WIDE_FLAGS, "-fno-tree-vectorize")
    leaks, missing = secret_flow.check([planted], ["outer{lambda}"])
    assert missing == []
    assert [leak.what.split(":")[0] for leak in leaks] == ["jump"]


COUNTED = """
.globl {name}
.type {name},@function
{name}:
    vmovdqa {start}, %xmm14
    vpternlogd $0xff, %xmm3, %xmm3, %xmm3
1:  vmovq %xmm14, %rdx
    vmovdqu64 (%rsi,%rdx,8), %zmm4
    vpsubq %xmm3, %xmm14, %xmm14
    cmp $6, %rdx
    jne 1b
    ret
"""


@pytest.mark.parametrize(("start", "leaks"), [("one(%rip)", set()), ("(%rdi)", {"address", "jump"})])
def test_a_loop_that_is_counted_in_a_vector(tmp_path: Path, start: str, leaks: set[str]) -> None:
    """As clang does; it is clean where constants alone made the count."""
    text = COUNTED.format(name="counted", start=start)
    (tmp_path / "counted.s").write_text(f"{text}\n.size counted, .-counted\n.section .rodata\none: .quad 1, 0\n")
    subprocess.run(["g++", "-c", tmp_path / "counted.s", "-o", tmp_path / "counted.o"], check=True)
    lines = [body for name, body in secret_flow.functions(tmp_path / "counted.o") if name == "counted"]
    assert {what.split(":")[0] for what in secret_flow.leaks_of(lines[0])} == leaks


def test_a_mask_that_is_spilled_leaves_its_neighbour(tmp_path: Path) -> None:
    body = "mov %rdi, 0x20(%rsp)\nkmovw %k1, {to}(%rsp)\nmov 0x20(%rsp), %rax\nmov (%rax), %rax\nret\n"
    for to, leaks in (("0x18", 0), ("0x20", 1), ("0x24", 1), ("0x1c", 1)):
        (tmp_path / "spill.s").write_text(f".type spill,@function\nspill:\n{body.format(to=to)}")
        subprocess.run(["g++", "-c", tmp_path / "spill.s", "-o", tmp_path / "spill.o"], check=True)
        functions = dict(secret_flow.functions(tmp_path / "spill.o"))
        assert len(secret_flow.leaks_of(functions["spill"])) == leaks, to


def test_a_lambda_inside_its_function_is_read_there(tmp_path: Path) -> None:
    text = "uint64_t outer(const uint8_t* digit, const uint64_t* table) { return [&] { return table[*digit]; }(); }"
    planted = compile_to(tmp_path, "kernel_ifma", LANES + text, *WIDE_FLAGS)
    leaks, missing = secret_flow.check([planted], ["outer{lambda}"])
    assert missing == [] and [leak.what.split(":")[0] for leak in leaks] == ["address"]


def test_a_listed_function_that_is_gone_is_noticed(tmp_path: Path) -> None:
    planted = compile_to(tmp_path, "kernel_ifma", LANES + SOUND, *WIDE_FLAGS)
    assert secret_flow.check([planted], ["sound", "gone"]) == ([], ["gone"])
