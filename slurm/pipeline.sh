#!/bin/bash
# From raw files to products, in four jobs that wait for each other:
#
#   pipeline.sh JOB.toml STORE FILES.txt
#
#   ingest     a job array; every task commits its files (ingest_array.sbatch)
#   compact    small parts are merged; the commit that results goes into STORE.commit
#   analyse    MPI ranks compute the steps of the job on that commit (analyse_mpi.sbatch)
#   products   one task makes maps, files and the report of the finished steps
#
# A stage starts when the one before has ended well (afterok), and is cancelled if that
# failed. Run it again after a failure: what is finished is found and skipped. JOB.toml
# needs no [[input]], since the store is filled here. TASKS (8) is the size of the
# array, NODES (2) and RANKS (2 a node) that of the analysis; sbatch takes a partition
# and an account from SBATCH_PARTITION and SBATCH_ACCOUNT. Prints the number of each job.
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=4G
#SBATCH --time=2:00:00
#SBATCH --requeue
#SBATCH --output=%x-%j.log

set -euo pipefail
PYTHON=${PYTHON:-python}

# Make Python and MPI known: what your cluster needs (see README.md), such as
# module load python/3.12 mpich
# source "$HOME/venv/bin/activate"

chain() { # sbatch that prints the number alone
    sbatch --parsable --kill-on-invalid-dep=yes "$@" | cut -d';' -f1
}

case ${STAGE:-submit} in
submit)
    if [ $# -ne 3 ]; then
        echo "usage: pipeline.sh JOB.toml STORE FILES.txt" >&2
        exit 2
    fi
    JOB=$(realpath "$1")
    STORE=$(realpath -m "$2")
    FILES=$(realpath "$3")
    COMMIT_FILE=$STORE.commit
    export JOB STORE FILES COMMIT_FILE PYTHON
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    rm -f "$COMMIT_FILE"

    ingest=$(chain --array="0-$((${TASKS:-8} - 1))" "$here/ingest_array.sbatch")
    echo "ingest   $ingest"
    compact=$(STAGE=compact chain --job-name=od-compact \
        --dependency="afterok:$ingest" "${BASH_SOURCE[0]}")
    echo "compact  $compact"
    analyse=$(chain --dependency="afterok:$compact" --nodes="${NODES:-2}" \
        --ntasks-per-node="${RANKS:-2}" "$here/analyse_mpi.sbatch" \
        --store "$STORE" --set 'product=[]')
    echo "analyse  $analyse"
    products=$(STAGE=products chain --job-name=od-products \
        --dependency="afterok:$analyse" "${BASH_SOURCE[0]}")
    echo "products $products"
    ;;
compact)
    "$PYTHON" -m oceandata compact "$STORE"
    # under another name first, so that nobody reads half a number
    "$PYTHON" -m oceandata info "$STORE" --json |
        "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["commit"])' \
            >"$COMMIT_FILE.part"
    mv "$COMMIT_FILE.part" "$COMMIT_FILE"
    echo "the analysis works on commit $(<"$COMMIT_FILE")"
    ;;
products)
    "$PYTHON" -m oceandata run "$JOB" --store "$STORE" \
        --set "store.commit=$(<"$COMMIT_FILE")"
    ;;
*)
    echo "STAGE must be compact or products, got '$STAGE'" >&2
    exit 2
    ;;
esac
