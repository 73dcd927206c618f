"""``python -m tests.fuzz [PARSER…] [--seconds N]``: look for inputs that break a parser.

Needs atheris (``pip install atheris``; it is made for some versions of Python only). What reaches
code that nothing kept reaches is added to the corpus; what breaks a parser is printed, and belongs
into the corpus together with its fix.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_BYTES = 2048
KEPT = 60  # inputs of one parser
INSIDE = (sys.executable, "-m", "tests.fuzz.inside")


def main() -> int:
    """Fuzz each parser in a process of its own; return 1 when one broke."""
    words = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    words.add_argument("parser", nargs="*", metavar="PARSER")
    words.add_argument("--seconds", type=int, default=60)
    said = words.parse_args()
    from tests.fuzz.parsers import PARSERS

    return max(_run(name, said.seconds) for name in said.parser or PARSERS)


def _run(name: str, seconds: int) -> int:
    from tests.fuzz import corpus

    kept = corpus.read(name)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(kept):
            (Path(folder) / f"kept-{number}").write_bytes(data)
        broke = _libfuzzer(name, folder, seconds)
        paths = sorted(Path(folder).iterdir(), key=lambda path: path.stat().st_size)
        crashes = [path.read_bytes() for path in paths if path.name.startswith("crash-")]
        found = [path.read_bytes() for path in paths if not path.name.startswith("crash-")]
    corpus.write(name, [*kept, *found[:: max(1, len(found) // KEPT)]])
    for data in crashes:
        print(f"{name} breaks: {data!r}")
    print(f"{name}: {len(found)} ways through it, {len(corpus.read(name))} inputs kept", flush=True)
    return 1 if broke else 0


def _libfuzzer(name: str, folder: str, seconds: int) -> int:
    options = [f"-max_len={MOST_BYTES}", f"-max_total_time={seconds}"]
    done = subprocess.run(  # noqa: S603
        [
            sys.executable,
            "-m",
            "tests.fuzz.inside",
            *options,
            f"-artifact_prefix={folder}/",
            folder,
        ],
        env=os.environ | {"CAPX_PARSER": name},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace")[-3000:])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
