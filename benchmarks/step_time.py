"""CPU time of a training step over plain Keras with `loss_weights`, for balancers of either kind and K terms.

Each sample is one epoch of at least 50 compiled steps through `fit`'s own train function, so that per-epoch work does
not count. Samples of plain Keras and of every contender take turns in one process, pinned to one core; medians of the
paired ratios are printed. README.md says how to run and to read it.
"""

from __future__ import annotations

import pinned  # noqa: F401

# isort: split
import argparse
import json
import sys
from typing import Any

import keras
from memory import peak
from networks import NETWORKS, batches, network
from sampling import Sampler, line, ratios

import multiloss as ml
from multiloss._core.aggregator import Aggregator
from multiloss._core.registry import members


def plain(terms: int, options: argparse.Namespace) -> keras.Model:
    """Stock Keras with a weight for each output."""
    model = network(terms, options)
    names = [f"t{index}" for index in range(terms)]
    model.compile("sgd", loss=dict.fromkeys(names, "mse"), loss_weights=dict.fromkeys(names, 0.5))
    return model


def balanced(terms: int, name: str, on_nonfinite: str, options: argparse.Namespace) -> keras.Model:
    """The same with a balancer."""
    loss = {f"t{index}": "mse" for index in range(terms)}
    model = network(terms, options)
    return ml.compile(
        model,
        "sgd",
        loss=loss,
        loss_weights=dict.fromkeys(loss, 0.5),
        balancer=balancer(name, options),
        on_nonfinite=on_nonfinite,
    )


def balancer(name: str, options: argparse.Namespace) -> ml.Balancer | None:
    """The balancer of that name, with `--wrt` and `--heads` where it reads gradients."""
    if name == "none":
        return None
    entry = next(entry for entry in members("balancer") if entry.name == name)
    settings = {"wrt": options.wrt, "heads": options.heads, "backward": options.backward}
    return entry.cls(**{**entry.cases[0], **(settings if issubclass(entry.cls, Aggregator) else {})})


def contenders(wanted: str) -> list[str]:
    """The names of the balancers to measure."""
    known = [entry for entry in members("balancer") if not entry.cases[0]]
    if wanted == "all":
        return ["none", *(entry.name for entry in known)]
    if wanted == "all-aggregation":
        return [entry.name for entry in known if issubclass(entry.cls, Aggregator)]
    if wanted == "all-weighting":
        return ["none", *(entry.name for entry in known if entry.cls.needs is ml.Needs.LOSSES)]
    return wanted.split(",")


def fitted(model: keras.Model, x: Any, y: dict[str, Any], options: argparse.Namespace) -> Sampler:
    """A model's epochs, through `fit`."""

    def epoch(steps: int) -> None:
        rows = slice(steps * options.batch)
        part = {name: target[rows] for name, target in y.items()}
        model.fit(x[rows], part, batch_size=options.batch, epochs=1, shuffle=False, verbose=0)

    return Sampler(epoch, options.steps)


def main() -> None:
    """Reads the arguments, measures, prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--terms", default="2,5,20,50", help="numbers of terms K")
    parser.add_argument("--balancers", default="all-weighting", help="names, `all`, `all-weighting`, `all-aggregation`")
    parser.add_argument("--guards", default="raise,ignore", help="values of `on_nonfinite`")
    parser.add_argument("--wrt", default="shared", help="what gradients are taken over, e.g. representation:hidden4")
    parser.add_argument("--heads", default="unweighted", choices=["unweighted", "weighted"])
    parser.add_argument("--torchjd", action="store_true", help="PyTorch: torchjd's two engines and LibMTL beside them")
    parser.add_argument("--memory", action="store_true", help="Linux: the peak of a step's memory too")
    parser.add_argument("--network", default="mlp", choices=list(NETWORKS))
    parser.add_argument("--backward", default="auto", choices=["auto", "loop", "batched"])
    parser.add_argument("--width", type=int, default=256, help="units, or most filters, of each hidden layer")
    parser.add_argument("--layers", type=int, default=3, help="hidden layers")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100, help="steps a sample, at least 50")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = []
    # What the first model of a process costs once is no part of anyone's first step.
    fitted(plain(1, options), *batches(1, options.steps, options), options)
    for terms in map(int, options.terms.split(",")):
        x, y = batches(terms, options.steps, options)
        baseline = fitted(plain(terms, options), x, y, options)
        plain_peak = peak(baseline.epoch) if options.memory else 0.0
        for name in contenders(options.balancers):
            row: dict[str, Any] = {"backend": keras.backend.backend(), "terms": terms, "balancer": name}
            samplers = {
                guard: fitted(balanced(terms, name, guard, options), x, y, options)
                for guard in options.guards.split(",")
            }
            reads_gradients = isinstance(balancer(name, options), Aggregator)
            if options.torchjd:
                from torchjd_steps import torchjd_samplers

                samplers |= torchjd_samplers(name, terms, x, y, options)
            row |= ratios(baseline, samplers, options.rounds)
            if reads_gradients:
                row["floor"] = (1 + 2 * (terms + 1)) / 3
            first = samplers[options.guards.split(",")[0]]
            row["compiling"] = first.compiling / baseline.compiling
            if options.memory:
                row |= {f"{key} MiB": peak(sampler.epoch) for key, sampler in samplers.items()}
                row["plain_mib"] = plain_peak
            row["plain_ms"] = 1000 * baseline() / options.steps
            table.append(row)
            print(line(row), file=sys.stderr if options.json else sys.stdout, flush=True)
    if options.json:
        json.dump(table, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
