"""Gradient balancers in a training loop of one's own, in TensorFlow: three ways, each compiled by `tf.function`.

    KERAS_BACKEND=tensorflow python examples/custom_loop_tensorflow.py

trains the three tasks of `digits_tasks.py` and prints the accuracy on held-out digits.
"""

import keras
import tensorflow as tf
from digits_tasks import TERMS, accuracy, batches, build_model, load_tasks, losses, shared_places

import multiloss as ml


def rows_of(tape, vector, weights):
    """For each weight the gradients of all losses, `(K, *shape)`; one backward pass for each loss."""
    rows = [tape.gradient(vector, weights, output_gradients=seed) for seed in tf.unstack(tf.eye(len(TERMS)))]
    return [tf.stack(row) for row in zip(*rows, strict=True)]


def aggregated(model, optimizer, shared):
    """`aggregate`: the whole Jacobian of the shared weights in, one vector out; the heads get the plain sum."""

    @tf.function
    def step(x, y, state):
        with tf.GradientTape(persistent=True) as tape:
            vector = losses(y, model(x, training=True))
        rows = rows_of(tape, vector, [weight.value for weight in model.trainable_variables])
        jacobian = tf.concat([tf.reshape(rows[place], (len(TERMS), -1)) for place in shared], axis=1)
        vector = ml.aggregation.aggregate(jacobian, "upgrad")
        total, start = [tf.reduce_sum(row, axis=0) for row in rows], 0
        for place in shared:
            shape = model.trainable_variables[place].shape
            size = shape.num_elements()
            total[place] = tf.reshape(vector[start : start + size], shape)
            start += size
        optimizer.apply(total, model.trainable_variables)
        return state

    return step, {}


def solved(model, optimizer, shared):
    """`solve`: only the K x K inner products in, K weights out, and one weighted backward pass."""

    @tf.function
    def step(x, y, state):
        everything = [weight.value for weight in model.trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            vector = losses(y, model(x, training=True))
        rows = rows_of(tape, vector, [everything[place] for place in shared])
        flat = [tf.reshape(row, (len(TERMS), -1)) for row in rows]
        gramian = tf.add_n([tf.matmul(row, row, transpose_b=True) for row in flat])
        weights = ml.aggregation.solve(gramian, "aligned_mtl")
        optimizer.apply(tape.gradient(vector, everything, output_gradients=weights), model.trainable_variables)
        return state

    return step, {}


def remembering(model, optimizer, shared):
    """`balancer.weights`: a balancer with a memory, carried from step to step, and random numbers."""
    balancer = ml.aggregation.GradVac(decay=0.9)
    generator = tf.random.Generator.from_seed(0)

    @tf.function
    def step(x, y, state):
        everything = [weight.value for weight in model.trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            vector = losses(y, model(x, training=True))
        rows = rows_of(tape, vector, [everything[place] for place in shared])
        flat = [tf.reshape(row, (len(TERMS), -1)) for row in rows]
        signals = ml.Signals(
            losses=vector,
            present=tf.ones(len(TERMS), tf.bool),
            gramian=tf.add_n([tf.matmul(row, row, transpose_b=True) for row in flat]),
            noise=generator.uniform(balancer.noise_shape(len(TERMS))),
        )
        weights, state = balancer.weights(signals, state)
        optimizer.apply(tape.gradient(vector, everything, output_gradients=weights), model.trainable_variables)
        return state

    return step, {name: tf.constant(value) for name, value in balancer.init(len(TERMS)).items()}


def train(way):
    """Trains a new model, and gives its accuracy and the last state."""
    keras.utils.set_random_seed(0)
    (x, y), held_out = load_tasks()
    model, optimizer = build_model(), keras.optimizers.Adam(3e-3)
    optimizer.build(model.trainable_variables)
    step, state = way(model, optimizer, shared_places(model))
    for batch in batches(x, y):
        state = step(*tf.nest.map_structure(tf.constant, batch), state)
    return accuracy(model, *held_out), state


def main():
    """Trains in all three ways."""
    found = {way.__name__: train(way) for way in (aggregated, solved, remembering)}
    for name, (score, _) in found.items():
        print(f"{name:<12} {score:.3f} of the held-out digits are read right")
    return found


if __name__ == "__main__":
    main()
