#!/bin/bash
# Compile the kernels once on each node, before many ranks need them at once.
#
#   source /path/to/warm_cache.sh       in a batch script, before the work
#
# Numba keeps compiled code on disk. On a file system that all nodes share, hundreds of
# ranks would write the same files at once (which has crashed other programs) and read
# them back over the network. Here every job has a folder of its own on a disk of each
# node, and one process a node fills it with a tiny job that goes through the kernels.
# It takes about a minute, once a job.

PYTHON=${PYTHON:-python}
: "${SLURM_JOB_ID:?warm_cache.sh belongs into a Slurm job}"

# Compiled kernels go to a folder that only this job uses, on a disk of each node: on a
# shared file system many ranks would write the same cache at once.
private="${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/oceandata-numba-$SLURM_JOB_ID"
export NUMBA_CACHE_DIR="${NUMBA_CACHE_DIR-$private}"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
# srun no longer takes this over from sbatch by itself (Slurm 22.05 and later)
export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"
# once a node, not once a rank; WARM=no leaves it to the ranks
[ "${WARM:-yes}" = no ] || srun --mpi=none --nodes="$SLURM_NNODES" --ntasks="$SLURM_NNODES" \
    "$PYTHON" -m oceandata.job.warm
