"""The graphs that TensorFlow still holds: it never forgets one in which a gradient of one's own was registered.

Keras's optimizer registers one with every trace of a step (`all_reduce`), and so do a plain model and a trainer.
"""

from __future__ import annotations

import gc

import keras


def kept() -> dict[str, int]:
    """How many graphs of steps are alive, and how many operations they have with those inside them."""
    if keras.backend.backend() != "tensorflow":
        return {"graphs": 0, "nodes": 0}
    from tensorflow.python.framework.func_graph import FuncGraph

    graphs = [each for each in gc.get_objects() if isinstance(each, FuncGraph)]
    return {
        "graphs": sum(not isinstance(graph.outer_graph, FuncGraph) for graph in graphs),
        "nodes": sum(len(graph.get_operations()) for graph in graphs),
    }
