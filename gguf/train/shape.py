"""Owns the size of a network, in numbers; apart from `model.py`, so that exporting needs no torch."""
from dataclasses import dataclass


@dataclass
class Shape:
    vocabulary: int
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 768
    context: int = 768
    rope_base: float = 10000.
    epsilon: float = 1e-5
    dropout: float = .1
