"""``python -m oceandata``: the command line."""

from oceandata.cli.__main__ import main

if __name__ == "__main__":
    main()
