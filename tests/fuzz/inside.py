"""One parser under atheris: the process that ``python -m tests.fuzz`` starts."""

import os
import sys

import atheris

with atheris.instrument_imports(include=["catalogue", "federation", "web"]):
    from tests.fuzz.parsers import try_out


def main() -> None:
    """Give it bytes until the time is over."""
    name = os.environ["CAPX_PARSER"]
    atheris.Setup(sys.argv, lambda data: try_out(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
