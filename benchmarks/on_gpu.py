"""A step on a convolutional network of 12 layers and on a small transformer, beside torchjd: one command for a GPU.

Wall-clock time where a GPU is found, CPU time otherwise; it says which. README.md says how to read the columns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

BALANCERS = "none,uncertainty,upgrad,mgda,cagrad"
NETWORKS = {"cnn": ["--layers", "12", "--width", "64"], "transformer": ["--layers", "4", "--width", "256"]}


def main() -> None:
    """Runs step_time.py for each network, under the backend of KERAS_BACKEND."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny networks and a few steps, to see that it runs")
    options = parser.parse_args()
    beside = ["--torchjd", "--heads", "weighted"] if os.environ.get("KERAS_BACKEND") == "torch" else []
    for network, size in NETWORKS.items():
        arguments = ["--terms", "2,5,20", "--steps", "100", "--batch", "128", *size]
        if options.quick:
            arguments = [
                "--terms",
                "2",
                "--steps",
                "2",
                "--rounds",
                "1",
                "--batch",
                "4",
                "--layers",
                "2",
                "--width",
                "16",
            ]
        command = ["step_time.py", "--network", network, "--balancers", BALANCERS, "--guards", "raise"]
        print(f"== {network} {' '.join(arguments)}", flush=True)
        run = [sys.executable, "-W", "ignore", *command, *arguments, *beside]
        subprocess.run(run, cwd=Path(__file__).parent, check=True)


if __name__ == "__main__":
    main()
