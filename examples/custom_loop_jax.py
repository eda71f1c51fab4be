"""Gradient balancers in a training loop of one's own, in JAX: three ways, each compiled by `jax.jit`.

    KERAS_BACKEND=jax python examples/custom_loop_jax.py

trains the three tasks of `digits_tasks.py` and prints the accuracy on held-out digits.
"""

import jax
import jax.numpy as jnp
import keras
from digits_tasks import TERMS, accuracy, batches, build_model, load_tasks, losses, shared_places

import multiloss as ml


def pull_of(model, trainable, fixed, x, y):
    """The losses, and the function that takes weights of the losses to gradients."""

    def values(trainable):
        predictions, _ = model.stateless_call(trainable, fixed, x, training=True)
        return losses(y, predictions)

    vector, pull = jax.vjp(values, trainable)
    return vector, lambda weights: pull(weights)[0]


def aggregated(model, shared):
    """`aggregate`: the whole Jacobian of the shared weights in, one vector out; the heads get the plain sum."""

    @jax.jit
    def gradients(trainable, fixed, x, y, state):
        _, pull = pull_of(model, trainable, fixed, x, y)
        rows = jax.vmap(pull)(jnp.eye(len(TERMS)))  # for each weight (K, *shape)
        jacobian = jnp.concatenate([rows[place].reshape(len(TERMS), -1) for place in shared], axis=1)
        vector = ml.aggregation.aggregate(jacobian, "upgrad")
        total, start = [row.sum(axis=0) for row in rows], 0
        for place in shared:
            size = total[place].size
            total[place] = vector[start : start + size].reshape(total[place].shape)
            start += size
        return total, state

    return gradients, {}


def solved(model, shared):
    """`solve`: only the K x K inner products in, K weights out, and one weighted backward pass."""

    @jax.jit
    def gradients(trainable, fixed, x, y, state):
        _, pull = pull_of(model, trainable, fixed, x, y)
        rows = jax.vmap(pull)(jnp.eye(len(TERMS)))
        gramian = sum(jnp.einsum("i...,j...->ij", rows[place], rows[place]) for place in shared)
        return pull(ml.aggregation.solve(gramian, "aligned_mtl")), state

    return gradients, {}


def remembering(model, shared):
    """`balancer.weights`: a balancer with a memory and random numbers, both carried from step to step."""
    balancer = ml.aggregation.GradVac(decay=0.9)

    @jax.jit
    def gradients(trainable, fixed, x, y, state):
        vector, pull = pull_of(model, trainable, fixed, x, y)
        rows = jax.vmap(pull)(jnp.eye(len(TERMS)))
        gramian = sum(jnp.einsum("i...,j...->ij", rows[place], rows[place]) for place in shared)
        key, draw = jax.random.split(state["key"])
        signals = ml.Signals(
            losses=vector,
            present=jnp.ones(len(TERMS), bool),
            gramian=gramian,
            noise=jax.random.uniform(draw, balancer.noise_shape(len(TERMS))),
        )
        weights, memory = balancer.weights(signals, state["memory"])
        return pull(weights), {"key": key, "memory": memory}

    return gradients, {"key": jax.random.key(0), "memory": balancer.init(len(TERMS))}


def train(way):
    """Trains a new model, and gives its accuracy and the last state."""
    keras.utils.set_random_seed(0)
    (x, y), held_out = load_tasks()
    model, optimizer = build_model(), keras.optimizers.Adam(3e-3)
    optimizer.build(model.trainable_variables)
    gradients, state = way(model, shared_places(model))
    apply = jax.jit(optimizer.stateless_apply)
    trainable = [weight.value for weight in model.trainable_variables]
    fixed = [weight.value for weight in model.non_trainable_variables]
    slots = [weight.value for weight in optimizer.variables]
    for batch in batches(x, y):
        total, state = gradients(trainable, fixed, *batch, state)
        trainable, slots = apply(slots, total, trainable)
    for weight, value in zip(model.trainable_variables, trainable, strict=True):
        weight.assign(value)
    return accuracy(model, *held_out), state


def main():
    """Trains in all three ways."""
    found = {way.__name__: train(way) for way in (aggregated, solved, remembering)}
    for name, (score, _) in found.items():
        print(f"{name:<12} {score:.3f} of the held-out digits are read right")
    return found


if __name__ == "__main__":
    main()
