from oceandata.machine import default_workers as workers  # noqa: F401
