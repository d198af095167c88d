"""The command line: ``oceandata …``. It calls; nobody calls it."""
