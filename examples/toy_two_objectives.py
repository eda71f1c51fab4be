"""Two objectives of two variables: where the plain sum gets stuck, and how gradient balancers get out.

The toy problem of Liu et al., "Conflict-averse gradient descent for multi-task learning", NeurIPS 2021
(arXiv:2110.14048). Above x2 = 0 each objective has a narrow valley, which the sum hardly ever leaves: across it the one
gradient is long, and along it the other is short. Below lie two bowls. Their best compromises, the Pareto set, are a
line from (-7, -8.43) to (7, -8.43), with the least sum in its middle.

    KERAS_BACKEND=jax python examples/toy_two_objectives.py --out trajectories.png
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import ops
from matplotlib.figure import Figure

import multiloss as ml

STARTS = np.array([[-8.5, 7.5], [-8.5, -5.0], [9.0, 9.0]], "float32")
BALANCERS = {
    "plain sum": ml.weighting.Fixed(),
    "MGDA": ml.aggregation.MGDA(),
    "CAGrad": ml.aggregation.CAGrad(c=0.5),
    "Aligned-MTL": ml.aggregation.AlignedMTL(),
}
# Adam's settings: large steps, so that the path takes seconds, and a short memory, so that they can be taken.
RATE, MOMENTUM, MEMORY = 0.016, 0.9, 0.9


def objectives(points):
    """Both objectives, shape `(n, 2)`, at points of shape `(n, 2)`."""
    x1, x2 = points[:, 0], points[:, 1]
    bend = ops.tanh(x2)
    distances = [ops.abs(bend - 0.5 * x1 - 3.5), ops.abs(3.5 - 0.5 * x1 - bend)]
    valleys = [ops.log(ops.maximum(distance, 5e-6)) + 6.0 for distance in distances]
    bowls = [((x1 - centre) ** 2 + 0.1 * (x2 + 8.0) ** 2) / 10.0 - 20.0 for centre in (7.0, -7.0)]
    above, below = ops.relu(ops.tanh(0.5 * x2)), ops.relu(ops.tanh(-0.5 * x2))
    return ops.stack([above * valley + below * bowl for valley, bowl in zip(valleys, bowls, strict=True)], axis=1)


def pareto_set(number=201):
    """Points of the Pareto set, from end to end.

    With weights w and 1 - w, the bowls' sum is least at x1 = 7 (2w - 1), whatever x2 is; a fine grid finds x2.
    """
    share, x2 = np.linspace(0.0, 1.0, number)[:, None], np.linspace(-9.0, -8.0, 10_001)
    bowl = (196 * share * (1 - share) + 0.1 * (x2 + 8) ** 2) / 10 - 20
    lowest = np.argmin(np.tanh(-0.5 * x2) * bowl, axis=1)
    return np.stack([7 * (2 * share[:, 0] - 1), x2[lowest]], axis=1)


def compiled(function):
    """The function under the backend's own compiler; PyTorch runs it as it is."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False)
    return function


def trajectories(steps):
    """Adam's ways from all starts, for every balancer: shape `(balancers, starts, steps + 1, 2)`."""
    balancers = [balancer for balancer in BALANCERS.values() for _ in STARTS]

    @compiled
    def step(points, mean, square, corrections):
        _, jacobians = ml.derivatives(objectives, points)  # at each point two rows, the gradients of both objectives
        pairs = zip(ops.unstack(jacobians, len(balancers)), balancers, strict=True)
        gradients = ops.stack([ml.aggregation.aggregate(jacobian, balancer) for jacobian, balancer in pairs])
        mean = MOMENTUM * mean + (1 - MOMENTUM) * gradients
        square = MEMORY * square + (1 - MEMORY) * gradients**2
        move = (mean / corrections[0]) / (ops.sqrt(square / corrections[1]) + 1e-8)
        return points - RATE * move, mean, square

    points = ops.convert_to_tensor(np.tile(STARTS, (len(BALANCERS), 1)))
    mean = square = ops.zeros_like(points)
    ways = [ops.convert_to_numpy(points)]
    for number in range(1, steps + 1):
        corrections = np.array([1 - MOMENTUM**number, 1 - MEMORY**number], "float32")
        points, mean, square = step(points, mean, square, ops.convert_to_tensor(corrections))
        ways.append(ops.convert_to_numpy(points))
    return np.stack(ways, axis=1).reshape(len(BALANCERS), len(STARTS), steps + 1, 2)


def draw(paths, front):
    """One panel for each balancer: contours of the mean, the Pareto set, and the way from every start."""
    figure = Figure(figsize=(3.4 * len(paths), 4.2), layout="constrained")
    panels = figure.subplots(1, len(paths), sharey=True)
    grid = np.stack(np.meshgrid(np.linspace(-11, 11, 200), np.linspace(-11, 11, 200)), axis=-1)
    values = objectives(ops.convert_to_tensor(grid.reshape(-1, 2), "float32"))
    means = ops.convert_to_numpy(values).mean(axis=1).reshape(200, 200)
    for axes, (name, path) in zip(panels, paths.items(), strict=True):
        lines = axes.contour(grid[..., 0], grid[..., 1], means, 14, cmap="viridis", linewidths=0.8, alpha=0.6)
        axes.plot(*front.T, color="#56b4e9", linewidth=7, alpha=0.7, solid_capstyle="round", label="Pareto set")
        axes.plot(*front[len(front) // 2], "*", color="black", markersize=13, label="least mean")
        for way, colour in zip(path, ("#d55e00", "#009e73", "#cc79a7"), strict=True):
            axes.plot(*way.T, color=colour, linewidth=1.6)
            axes.plot(
                *way[0], "o", color=colour, markeredgecolor="black", label=f"start ({way[0][0]:g}, {way[0][1]:g})"
            )
            axes.plot(*way[-1], "X", color=colour, markeredgecolor="black", markersize=9)
        axes.plot([], [], "X", color="white", markeredgecolor="black", markersize=9, label="end")
        axes.set(title=name, xlabel="x1", xlim=(-11, 11), ylim=(-11, 11), aspect="equal")
    panels[0].set_ylabel("x2")
    figure.colorbar(lines, ax=panels, label="mean of the objectives", shrink=0.8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return figure


def main():
    """Runs all balancers, prints where they end, and draws their ways."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1450)
    parser.add_argument("--out", type=Path, help="file for the picture")
    arguments = parser.parse_args()
    front = pareto_set()
    middle = front[len(front) // 2]
    paths = dict(zip(BALANCERS, trajectories(arguments.steps), strict=True))
    ends = {}
    print(f"{'balancer':<12} {'start':<13} {'end':<15} {'from the Pareto set':<20} from its middle")
    for name, path in paths.items():
        for number, way in enumerate(path):
            ends[name, number] = np.linalg.norm(front - way[-1], axis=1).min(), np.linalg.norm(middle - way[-1])
            first, last = (f"({point[0]:.4g}, {point[1]:.4g})" for point in way[[0, -1]])
            print("{:<12} {:<13} {:<15} {:<20.3f} {:.3f}".format(name, first, last, *ends[name, number]))
    if arguments.out:
        draw(paths, front).savefig(arguments.out, dpi=120)
    return ends


if __name__ == "__main__":
    main()
