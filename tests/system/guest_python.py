# SPDX-License-Identifier: Apache-2.0
"""guest_python.py ROOT: puts as much of the library of Debian's Python into the guest as
tools/bringup and card.py load, compiled: in the guest, compiling would take half a minute. Prints the shared
objects, whose libraries the guest needs too."""

import importlib
import py_compile
import shutil
import sys
from pathlib import Path

# What they need; a module that is missing here fails the system test.
MODULES = """argparse array base64 ctypes datetime encodings.idna fcntl hashlib http.client json mmap os platform
    queue re select shutil signal socket struct subprocess termios threading time tty"""

LIBRARY = f"lib/python3.{sys.version_info.minor}"


def main():
    for name in MODULES.split():
        importlib.import_module(name)
    root, library = Path(sys.argv[1]), Path("/usr") / LIBRARY
    # Python does without these, and the guest without their libraries.
    unwanted = ("py_compile", "_ssl", "ssl", "_hashlib", "_bz2", "bz2", "_lzma", "lzma")
    files = {
        Path(module.__file__)
        for name, module in list(sys.modules.items())
        if getattr(module, "__file__", None) and name not in unwanted and name != "__main__"
    }
    for file in sorted(files | {library / "os.py"}):
        to = root / "usr" / LIBRARY / file.relative_to(library)
        to.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".py":
            py_compile.compile(str(file), cfile=f"{to}c", doraise=True)
        else:
            shutil.copy(file, to)
            print(file)


if __name__ == "__main__":
    main()
