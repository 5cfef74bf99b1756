"""Owns the smallest model that the exporter can write: what the real one has, with random weights, for tests of exporter and player.

    python tiny.py ../../tests/data/tiny.gguf
"""
import random
import sys

import numpy as np

import export
import tokens
from shape import Shape

SHAPE = Shape(len(tokens.VOCABULARY), width=32, layers=1, heads=2, hidden=96, context=256)


def weights(shape, rng):
    """Every weight of a model, as `model.py` names and shapes them. Python's own numbers, which are the same everywhere."""
    def matrix(rows, columns):
        return np.array([[rng.random() - .5 for _ in range(columns)] for _ in range(rows)], np.float32)

    width, hidden = shape.width, shape.hidden
    yield "token_embd.weight", matrix(shape.vocabulary, width)
    for n in range(shape.layers):
        yield f"blk.{n}.attn_norm.weight", np.ones(width, np.float32)
        yield f"blk.{n}.attn_qkv.weight", matrix(3 * width, width)
        yield f"blk.{n}.attn_output.weight", matrix(width, width)
        yield f"blk.{n}.ffn_norm.weight", np.ones(width, np.float32)
        yield f"blk.{n}.ffn_gate_up.weight", matrix(2 * hidden, width)
        yield f"blk.{n}.ffn_down.weight", matrix(width, hidden)
    yield "output_norm.weight", np.ones(width, np.float32)


if __name__ == "__main__":
    export.write(SHAPE, dict(weights(SHAPE, random.Random(0))), sys.argv[1])
