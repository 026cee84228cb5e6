"""Run all cases, or those whose name holds a word, and print what is wrong: `python -m campaign [WORD] [--every K]`."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from . import inputs, options, own
from .case import faults


def main() -> int:
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    every = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
    words = [] if every > 1 else words
    cases = [case for module in (options, inputs, own) for case in module.cases()]
    chosen = [case for case in cases if not words or any(word in case.name for word in words)][::every]
    wrong = 0
    for case in chosen:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.monotonic()
            found = faults(case, Path(folder))
            if found:
                wrong += 1
                print(f"{case.name} ({time.monotonic() - begun:.1f} s)", *found, sep="\n    ", flush=True)
    print(f"{len(chosen)} mistakes of {len(cases)}, {wrong} not refused as they should")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
