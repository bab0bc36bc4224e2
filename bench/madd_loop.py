"""How fast are 52-bit multiply-adds that never leave the registers? What lattice kernels can at most do on this CPU.

And how fast are words read?

A C loop of ``vpmadd52luq`` on eight lanes, sixteen chains of them side by side, which hides what one takes. It is
compiled when first needed (into a temporary folder, by cffi with the system's compiler).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache, partial
from tempfile import TemporaryDirectory
from typing import Any

from pyfe import _core

CHAINS = 16
NAME = "vpmadd52luq in registers"

CHAIN = range(CHAINS)
SOURCE = f"""
#include <immintrin.h>
unsigned long long multiply_adds(unsigned long long rounds) {{
    const __m512i x = _mm512_set1_epi64(0x123456789abcd);
    __m512i {", ".join(f"a{i} = _mm512_set1_epi64({2 * i + 3})" for i in CHAIN)};
    for (; rounds > 0; --rounds) {{
        {" ".join(f"a{i} = _mm512_madd52lo_epu64(a{i}, x, a{i});" for i in CHAIN)}
        __asm__ volatile("");
    }}
    __m512i sum = a0;
    {" ".join(f"sum = _mm512_add_epi64(sum, a{i});" for i in CHAIN[1:])}
    unsigned long long lanes[8];
    _mm512_storeu_si512(lanes, sum);
    return lanes[0];
}}

unsigned long long read_all(const unsigned long long *words, unsigned long long count) {{
    __m512i {", ".join(f"a{i} = _mm512_setzero_si512()" for i in range(8))};
    for (unsigned long long at = 0; at + 64 <= count; at += 64) {{
        {" ".join(f"a{i} = _mm512_xor_si512(a{i}, _mm512_loadu_si512(words + at + {8 * i}));" for i in range(8))}
    }}
    {" ".join(f"a0 = _mm512_xor_si512(a0, a{i});" for i in range(1, 8))}
    unsigned long long lanes[8];
    _mm512_storeu_si512(lanes, a0);
    return lanes[0];
}}
"""

DECLARED = """
unsigned long long multiply_adds(unsigned long long rounds);
unsigned long long read_all(const unsigned long long *words, unsigned long long count);
"""


def multiply_adds(count: int) -> Callable[[], object] | None:
    """A call of ``count`` of them, for a Task; None where the CPU or the tools to compile it are missing."""
    library = _library()
    return None if library is None else partial(library.multiply_adds, -(-count // CHAINS))


def reader() -> Callable[[Any], object] | None:
    """Reads an array of uint64 once, by eight-lane loads; None likewise."""
    library = _library()
    if library is None:
        return None
    import cffi

    buffer = cffi.FFI().from_buffer
    return lambda words: library.read_all(buffer("unsigned long long[]", words), len(words))


def _library() -> Any:
    """The compiled loops, or None."""
    if not all(_core.cpu_features()[feature] for feature in ("avx512f", "avx512ifma", "os_zmm")):
        return None
    try:
        return _compiled()
    except Exception:  # no cffi, no compiler, one without the instructions: all the same here
        return None


@lru_cache(maxsize=1)
def _compiled() -> Any:
    import cffi

    ffi = cffi.FFI()
    ffi.cdef(DECLARED)
    ffi.set_source("madd_loop", SOURCE, extra_compile_args=["-O2", "-mavx512f", "-mavx512ifma"])
    with TemporaryDirectory() as folder:
        specification = importlib.util.spec_from_file_location("madd_loop", ffi.compile(tmpdir=folder))
        if specification is None or specification.loader is None:
            raise ImportError("the compiled loop cannot be loaded")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    return module.lib
