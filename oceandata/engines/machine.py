from oceandata.machine import *  # noqa: F403
