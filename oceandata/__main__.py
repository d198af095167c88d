"""``python -m oceandata``: the command line, for launchers that start a module."""

from oceandata.cli.__main__ import main

if __name__ == "__main__":
    main()
