"""Owns the network: a small Llama (RMSNorm, interleaved RoPE, SwiGLU, tied embeddings), as llama.cpp runs it."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads, self.dropout = s.heads, nn.Dropout(s.dropout)
        self.attn_norm = nn.RMSNorm(s.width, s.epsilon)
        self.attn_qkv = nn.Linear(s.width, 3 * s.width, bias=False)
        self.attn_output = nn.Linear(s.width, s.width, bias=False)
        self.ffn_norm = nn.RMSNorm(s.width, s.epsilon)
        self.ffn_gate_up = nn.Linear(s.width, 2 * s.hidden, bias=False)
        self.ffn_down = nn.Linear(s.hidden, s.width, bias=False)

    def forward(self, x, turn):
        batch, time, width = x.shape
        q, k, v = self.attn_qkv(self.attn_norm(x)).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(rotate(q, turn), rotate(k, turn), v, is_causal=True)
        x = x + self.dropout(self.attn_output(y.transpose(1, 2).reshape(batch, time, width)))
        gate, up = self.ffn_gate_up(self.ffn_norm(x)).chunk(2, -1)
        return x + self.dropout(self.ffn_down(F.silu(gate) * up))


def rotate(x, turn):
    """Rotary positions on neighbouring pairs, the order that llama.cpp calls NORM."""
    cos, sin = turn
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Model(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, shape.epsilon)
        size = shape.width // shape.heads
        angles = torch.outer(torch.arange(4 * shape.context), shape.rope_base ** (-torch.arange(0, size, 2) / size))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                last = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(weight, 0, .02 / math.sqrt(2 * shape.layers) if last else .02)

    def forward(self, ids):
        time = ids.shape[1]
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, (self.cos[:time], self.sin[:time]))
        return self.output_norm(x) @ self.token_embd.weight.T

    def arrays(self):
        """The weights by name, as numpy's float32."""
        return {name: weight.detach().float().numpy() for name, weight in self.state_dict().items()}
