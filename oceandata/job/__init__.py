"""Job files: declare an analysis in TOML, check all of it, run it anywhere.

A job reads files into a store, passes the store's tracks through steps (public
functions with their keyword arguments), and writes products. It knows no science: what
a step does stands in its function.
"""

from oceandata.job.plan import Plan, plan_job
from oceandata.job.read import ReadJob, read_job
from oceandata.job.run import JobResult, run_job

__all__ = ["JobResult", "Plan", "ReadJob", "plan_job", "read_job", "run_job"]
