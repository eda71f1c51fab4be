"""The new process of the resume tests: loads every stored trainer of a folder, goes on, and stores what came out.

Called with the folder.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import resume_cases

import multiloss as ml


def main(folder: Path) -> None:
    """Goes on with each `NAME.keras`, and writes `NAME.npz`."""
    for path in sorted(folder.glob("*.keras")):
        trainer = ml.load(path)
        loaded = {f"loaded_{index}": array for index, array in enumerate(resume_cases.state_of(trainer))}
        logs = {f"log_{name}": values for name, values in resume_cases.go_on(trainer).items()}
        state = {f"state_{index}": array for index, array in enumerate(resume_cases.state_of(trainer))}
        np.savez(path.with_suffix(".npz"), **loaded, **logs, **state)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
