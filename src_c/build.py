"""How the C core is built: cffi in API mode, one extension, `rawnl._core`.

The declarations that cffi needs are cut out of core.h between its two marks,
so that no signature is written twice.  The extension keeps to Python's stable
ABI (cffi's default), hence one wheel serves every Python from 3.10 on.
"""

from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
SOURCES = ["src_c/netns.c", "src_c/receive.c", "src_c/scan.c"]
# No -Werror: a newer compiler that warns of more must not keep anyone from installing. .ci/run adds it.
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra"]


def declarations() -> str:
    """The part of core.h that is meant for cffi."""
    text = (HERE / "core.h").read_text(encoding="utf-8")
    _, _, rest = text.partition("/* cffi begin */")
    wanted, _, _ = rest.partition("/* cffi end */")
    return wanted


ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source(
    "rawnl._core",
    '#include "core.h"',
    sources=SOURCES,
    depends=["src_c/core.h"],
    include_dirs=["src_c"],
    extra_compile_args=FLAGS,
    libraries=["pthread"],
)
