"""Gradient balancers in a training loop of one's own, in PyTorch: three ways.

    KERAS_BACKEND=torch python examples/custom_loop_torch.py

trains the three tasks of `digits_tasks.py` and prints the accuracy on held-out digits.
"""

import keras
import torch
from digits_tasks import TERMS, accuracy, batches, build_model, load_tasks, losses, shared_places

import multiloss as ml


def rows_of(vector, weights):
    """For each loss its gradients, one flat row, `(K, P)`; one backward pass for each."""
    return torch.stack(
        [
            torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, weights, retain_graph=True)])
            for loss in vector
        ]
    )


def aggregated(model, optimizer, shared):
    """`aggregate`: the whole Jacobian of the shared weights in, one vector out; the heads get the plain sum."""
    weights = [model.trainable_variables[place].value for place in shared]

    def step(x, y, state):
        vector = losses(y, model(x, training=True))
        combined = ml.aggregation.aggregate(rows_of(vector, weights), "upgrad")
        optimizer.zero_grad()
        vector.sum().backward()
        for weight, part in zip(weights, combined.split([weight.numel() for weight in weights]), strict=True):
            weight.grad = part.view_as(weight)
        optimizer.step()
        return state

    return step, {}


def solved(model, optimizer, shared):
    """`solve`: only the K x K inner products in, K weights out, and one weighted backward pass."""
    weights = [model.trainable_variables[place].value for place in shared]

    def step(x, y, state):
        vector = losses(y, model(x, training=True))
        rows = rows_of(vector, weights)
        balance = ml.aggregation.solve(rows @ rows.T, "aligned_mtl")
        optimizer.zero_grad()
        vector.backward(balance)
        optimizer.step()
        return state

    return step, {}


def remembering(model, optimizer, shared):
    """`balancer.weights`: a balancer with a memory, carried from step to step, and random numbers."""
    balancer = ml.aggregation.GradVac(decay=0.9)
    generator = torch.Generator().manual_seed(0)
    weights = [model.trainable_variables[place].value for place in shared]

    def step(x, y, state):
        vector = losses(y, model(x, training=True))
        rows = rows_of(vector, weights)
        signals = ml.Signals(
            losses=vector.detach(),
            present=torch.ones(len(TERMS), dtype=torch.bool),
            gramian=rows @ rows.T,
            noise=torch.rand(balancer.noise_shape(len(TERMS)), generator=generator),
        )
        balance, state = balancer.weights(signals, state)
        optimizer.zero_grad()
        vector.backward(balance)
        optimizer.step()
        return state

    return step, balancer.init(len(TERMS))


def train(way):
    """Trains a new model, and gives its accuracy and the last state."""
    keras.utils.set_random_seed(0)
    (x, y), held_out = load_tasks()
    model = build_model()
    step, state = way(model, torch.optim.Adam(model.parameters(), 3e-3), shared_places(model))
    for pixels, targets in batches(x, y):
        state = step(torch.from_numpy(pixels), {name: torch.from_numpy(t) for name, t in targets.items()}, state)
    return accuracy(model, *held_out), state


def main():
    """Trains in all three ways."""
    found = {way.__name__: train(way) for way in (aggregated, solved, remembering)}
    for name, (score, _) in found.items():
        print(f"{name:<12} {score:.3f} of the held-out digits are read right")
    return found


if __name__ == "__main__":
    main()
