"""Judges cases on this process's backend and stores the verdicts: `python -m compatibility.run [subject ...]`."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import keras

from .case import DIFFERS, NOT_TRAINED, Case, NotTrained, Verdict
from .engine import verdict
from .surface import SUBJECTS, cases

FOLDER = Path(__file__).parent / "verdicts"


def judged(case: object) -> Verdict:
    """The verdict of a case; that of a class which is not trained says why."""
    return Verdict(NOT_TRAINED, case.why) if isinstance(case, NotTrained) else verdict(case)


def stored(backend: str) -> dict[str, dict[str, dict]]:
    """The verdicts of a backend, by subject and case; empty where none are stored."""
    path = FOLDER / f"{backend}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def main(arguments: list[str]) -> None:
    """Judges the named subjects, or `subject/part of a name`, or all.

    Args:
        arguments: names; `--missing` for what has no verdict yet, `--quick` to leave out what is slow.
    """
    backend = keras.backend.backend()
    known = stored(backend)
    missing, quick = "--missing" in arguments, "--quick" in arguments
    wanted = [argument.split("/", 1) for argument in arguments if not argument.startswith("--")]
    for subject in SUBJECTS:
        chosen = [part for name, *part in wanted if name == subject]
        if wanted and not chosen:
            continue
        entries = cases(subject)
        found = {name: entry for name, entry in known.get(subject, {}).items() if name in entries}
        for name, case in entries.items():
            if (missing and name in found) or (quick and isinstance(case, Case) and case.slow):
                continue
            if chosen and not any(not part or part[0] in name for part in chosen):
                continue
            start = time.perf_counter()
            found[name] = {key: value for key, value in asdict(judged(case)).items() if value not in ("", None)}
            seconds = time.perf_counter() - start
            if found[name]["kind"] == DIFFERS or seconds > 20:
                print(f"{backend} {subject}/{name} ({seconds:.1f} s): {found[name]}", flush=True)
            known[subject] = {name: found[name] for name in entries if name in found}
            store(backend, known)


def store(backend: str, verdicts: dict[str, dict[str, dict]]) -> None:
    """Writes the verdicts of a backend, subjects in their order."""
    FOLDER.mkdir(exist_ok=True)
    ordered = {subject: verdicts[subject] for subject in SUBJECTS if subject in verdicts}
    (FOLDER / f"{backend}.json").write_text(json.dumps(ordered, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
