"""Builds the C core; everything else about the package is in pyproject.toml.

What goes wrong most often is a machine without a compiler or without Python's
headers.  That is looked for before anything is compiled, and said in one line
with the remedy, instead of a page of compiler output.
"""

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext


def compiler() -> str:
    """The program that will be called to compile C."""
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    return shlex.split(command)[0]


def missing() -> str | None:
    """What stands in the way of compiling, or None."""
    remedy = "install both, e.g. `apt-get install gcc libc6-dev python3-dev`, and try again"
    program = compiler()
    if shutil.which(program) is None:
        return f"rawnl needs a C compiler and Python.h to build its core: `{program}` was not found; {remedy}"
    places = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
    if not any(Path(place, "Python.h").is_file() for place in places if place):
        return f"rawnl needs a C compiler and Python.h to build its core: Python.h was not found; {remedy}"
    return None


class BuildCore(build_ext):
    """build_ext that says in one line what is missing."""

    def run(self) -> None:
        """Look first, then compile."""
        if problem := missing():
            raise SystemExit(problem)
        super().run()


# Free-threaded builds of Python have no stable ABI: their wheel is their own.
stable = not sysconfig.get_config_var("Py_GIL_DISABLED") and sys.implementation.name == "cpython"

setup(
    cffi_modules=["src_c/build.py:ffibuilder"],
    cmdclass={"build_ext": BuildCore},
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if stable else {},
)
