"""Owns the file that ships: a checkpoint out as GGUF, Q8_0, with its tokenizer.

    python export.py CHECKPOINT FILE
"""
import os
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import quants

import tokens

LICENSE = ("trained on music that is out of copyright: metre, key, notes and bars of O'Neill (1903), Ryan (1883), Aird (1778-1801) "
           "and Bruce & Stokoe (1882), and on the Open Hymnal Project (public domain); see gguf/README.md")
TYPE = gguf.TokenType
Q8 = gguf.GGMLQuantizationType.Q8_0


def write(shape, weights, path):
    """Write a model (float32 arrays under the names of `model.py`) beside `path`, then rename."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    out = gguf.GGUFWriter(aside, "llama")
    out.add_name("barline")
    out.add_description("Writes the next bars of a tune in ABC notation; one line per bar, all voices.")
    out.add_license(LICENSE)
    out.add_string("barline.home_key", "none")
    out.add_context_length(shape.context)
    out.add_embedding_length(shape.width)
    out.add_block_count(shape.layers)
    out.add_feed_forward_length(shape.hidden)
    out.add_head_count(shape.heads)
    out.add_head_count_kv(shape.heads)
    out.add_layer_norm_rms_eps(shape.epsilon)
    out.add_rope_dimension_count(shape.width // shape.heads)
    out.add_rope_freq_base(shape.rope_base)
    out.add_vocab_size(shape.vocabulary)
    out.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    add_tokenizer(out)
    for name, weight in tensors(weights):
        if weight.ndim == 2:
            out.add_tensor(name, quants.quantize(weight, Q8), raw_dtype=Q8)
        else:
            out.add_tensor(name, weight)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    os.replace(aside, path)


def add_tokenizer(out):
    kinds = [TYPE.UNKNOWN, TYPE.CONTROL, TYPE.CONTROL] + [TYPE.BYTE] * len(tokens.BYTES)
    kinds += [TYPE.USER_DEFINED] * len(tokens.PIECES)
    out.add_tokenizer_model("llama")
    out.add_token_list([text.encode() for text in tokens.VOCABULARY])
    out.add_token_scores([-float(n) for n in range(len(tokens.VOCABULARY))])
    out.add_token_types([int(kind) for kind in kinds])
    out.add_bos_token_id(tokens.BOS)
    out.add_eos_token_id(tokens.EOS)
    out.add_unk_token_id(tokens.UNKNOWN)
    out.add_add_bos_token(True)
    out.add_add_eos_token(False)
    out.add_add_space_prefix(False)


def tensors(weights):
    """Every weight under llama.cpp's name; stacked matrices are taken apart."""
    split = {"attn_qkv": ("attn_q", "attn_k", "attn_v"), "ffn_gate_up": ("ffn_gate", "ffn_up")}
    for name, weight in weights.items():
        stem = name.split(".")[-2]
        if stem in split:
            for part, rows in zip(split[stem], np.split(weight, len(split[stem]))):
                yield name.replace(stem, part), np.ascontiguousarray(rows)
        else:
            yield name, weight


if __name__ == "__main__":
    from train import read
    model = read(sys.argv[1])[0]
    write(model.shape, model.arrays(), sys.argv[2])
