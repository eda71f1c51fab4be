"""How exactly each library solves the problem of each method, on the matrices of `multiloss.testing`.

Every library gets the same gradients in float32. References are in float64 with a certificate (`references.py`), of the
gradients before and after rounding to float32, with zero rows left out and counted: the nearest of them counts, as all
are right. Where those of before and after are more than 1 % apart, the problem is ill-posed in float32.
"""

from __future__ import annotations

import pinned  # noqa: F401

# isort: split
import argparse
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from libraries import LIBRARIES
from references import DIRECTIONS, REFERENCES, Maximisers

from multiloss.testing import sample_gradients

Answer = np.ndarray | Maximisers

FINE, COARSE = 1e-4, 1e-2
CERTIFIED = 1e-5  # where a certificate is worse, there is no reference


@dataclass
class Problem:
    """Gradients in float32, and what is right for them in units of the longest row.

    Attributes:
        name: of the sampler, with K and the seed.
        rows: what the libraries are given.
        answers: directions of which each is right.
        posed: the answers before and after rounding are alike.
        certificate: the worst of the answers'.
    """

    name: str
    rows: np.ndarray
    answers: list[Answer]
    posed: bool
    certificate: float


@dataclass
class Score:
    """What became of one library's answers."""

    fine: int = 0
    coarse: int = 0
    failed: int = 0
    ill_posed: list[float] = field(default_factory=list)
    worst: tuple[float, str] = (0.0, "")
    missed: Counter[str] = field(default_factory=Counter)
    posed: int = 0


def answers(method: str, rows: np.ndarray) -> Iterator[tuple[Answer, float]]:
    """The definition on the longest row's scale, with zero rows left out, then counted."""
    longest = np.linalg.norm(rows, axis=1).max()
    scaled = rows / longest
    there = scaled[scaled.any(axis=1)]
    found = REFERENCES[method](there)
    if found is None or found[1] > CERTIFIED:
        return
    yield found
    if method == "imtl_g":
        # Published: weights that sum to 1, which turns the direction round where their sum is negative.
        yield -found[0], found[1]
    if len(there) < len(rows):
        share = len(there) / len(rows)
        if method in ("upgrad", "dual_proj"):
            # The mean over all terms: the same directions, the same cone.
            yield found[0] * share, found[1]
        elif method == "mgda":
            yield np.zeros(rows.shape[1]), 0.0
        elif method == "cagrad":
            yield Maximisers(scaled), 0.0


def problems(method: str, counts: list[int], seeds: int) -> Iterator[Problem]:
    """Those that have a solution."""
    for terms in counts:
        for seed in range(seeds):
            for sample in sample_gradients(terms, seed):
                rounded = sample.jacobian.astype("float32")
                exact = list(answers(method, sample.jacobian))
                after = list(answers(method, rounded.astype(float)))
                if exact:
                    posed = bool(after) and distance(exact[0][0], after[0][0]) < COARSE
                    worst = max(certificate for _, certificate in [*exact, *after])
                    name = f"{sample.name} K={terms} #{seed}"
                    yield Problem(name, rounded, [answer for answer, _ in [*exact, *after]], posed, worst)


def distance(answer: Answer, vector: Answer) -> float:
    """How far the vector is from that answer; of two that are sets, nothing is said."""
    if isinstance(vector, Maximisers):
        answer, vector = vector, answer
    if isinstance(vector, Maximisers):
        return 0.0
    return answer.distance(vector) if isinstance(answer, Maximisers) else float(np.linalg.norm(vector - answer))


def error(method: str, problem: Problem, vector: np.ndarray) -> float:
    """The distance to the nearest right answer, over the longest row; infinite without one."""
    vector = np.asarray(vector, float)
    if not np.isfinite(vector).all():
        return np.inf
    if method in DIRECTIONS:
        length = np.linalg.norm(vector)
        vector = vector / length if length > 0 else vector
    else:
        vector = vector / np.linalg.norm(problem.rows.astype(float), axis=1).max()
    return min(distance(answer, vector) for answer in problem.answers)


def attempt(combine: Any, rows: np.ndarray) -> np.ndarray:
    """The library's vector; NaN where it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(combine(rows.copy()))
    except Exception:
        return np.full(rows.shape[1], np.nan)


def score(method: str, library: str, given: list[Problem]) -> Score | None:
    """All problems of a method through one library; None where it has no such method."""
    calls: dict[int, Any] = {}
    result = Score()
    for problem in given:
        terms = len(problem.rows)
        if terms not in calls:
            calls[terms] = LIBRARIES[library](method, terms)
        if calls[terms] is None:
            return None
        found = error(method, problem, attempt(calls[terms], problem.rows))
        if not problem.posed:
            result.ill_posed.append(found)
            continue
        result.posed += 1
        result.fine += found <= FINE
        result.coarse += found <= COARSE
        result.failed += not np.isfinite(found)
        if found > COARSE:
            result.missed[problem.name.split()[0]] += 1
        if found >= result.worst[0]:
            result.worst = (found, problem.name)
    return result


def row(method: str, library: str, given: list[Problem]) -> dict[str, Any] | None:
    """One row of the table."""
    result = score(method, library, given)
    if result is None:
        return None
    shown = f"{library} ({keras.backend.backend()})" if library == "multiloss" else library
    size, where = result.worst
    return {
        "method": method,
        "library": shown,
        "matrices": result.posed,
        "within 1e-4": result.fine,
        "within 1e-2": result.coarse,
        "raised or NaN": result.failed,
        "worst": f"{size:.0e} ({where})" if np.isfinite(size) else f"none ({where})",
        "beyond 1e-2": ", ".join(f"{name} {count}" for name, count in result.missed.most_common()) or "-",
        "ill-posed within 1e-2": f"{sum(e <= COARSE for e in result.ill_posed)} of {len(result.ill_posed)}",
    }


def main() -> None:
    """Reads the arguments, measures, prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--terms", default="2,3,5,8,20", help="numbers of terms K")
    parser.add_argument("--methods", default=",".join(REFERENCES))
    parser.add_argument("--libraries", default=",".join(LIBRARIES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table: list[dict[str, Any]] = []
    for method in options.methods.split(","):
        given = list(problems(method, [int(terms) for terms in options.terms.split(",")], options.seeds))
        worst = max(problem.certificate for problem in given)
        print(f"{method}: {len(given)} matrices, certificate {worst:.0e}", file=sys.stderr)
        for library in options.libraries.split(","):
            found = row(method, library, given)
            if found is not None:
                table.append(found)
                print(found, file=sys.stderr, flush=True)
    if options.json:
        json.dump(table, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
