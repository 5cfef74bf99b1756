"""Owns the start from a model file that is there: its weights, the embedding rows by the text of their tokens."""
import gguf
import numpy as np
import torch
from gguf import quants

import tokens

FIELD = "tokenizer.ggml.tokens"


def tensors(reader):
    return {t.name: torch.from_numpy(np.array(quants.dequantize(t.data, t.tensor_type), dtype=np.float32)) for t in reader.tensors}


def token_texts(reader):
    field = reader.fields[FIELD]
    return [bytes(field.parts[i]).decode() for i in field.data]


@torch.no_grad()
def start(model, path):
    """Fill a model of the same width and depth. A token that the file does not know begins as a small random row beside
    the mean of all rows. -> what was done, in words."""
    reader = gguf.GGUFReader(path)
    old, known = tensors(reader), {text: n for n, text in enumerate(token_texts(reader))}
    state = model.state_dict()
    stacks = {"attn_qkv": ("attn_q", "attn_k", "attn_v"), "ffn_gate_up": ("ffn_gate", "ffn_up")}
    for name, weight in state.items():
        stem = name.split(".")[-2]
        if name == "token_embd.weight":
            continue
        if stem in stacks:
            weight.copy_(torch.cat([old[name.replace(stem, part)] for part in stacks[stem]]))
        else:
            weight.copy_(old[name])
    rows, mean = old["token_embd.weight"], old["token_embd.weight"].mean(0)
    fresh = 0
    for n, text in enumerate(tokens.VOCABULARY):
        row = state["token_embd.weight"][n]
        if text in known:
            row.copy_(rows[known[text]])
        else:
            fresh += 1
            row.copy_(mean + .02 * torch.randn_like(mean))
    return f"weights of {path}; {len(tokens.VOCABULARY) - fresh} of {len(tokens.VOCABULARY)} tokens known, {fresh} new"
