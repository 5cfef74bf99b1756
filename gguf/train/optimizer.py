"""Owns the weight updates: Muon for the matrices inside the blocks, AdamW for the embedding and the norms.

Muon replaces the gradient's momentum by the nearest orthogonal matrix (a few Newton-Schulz steps), which learns from
fewer tokens than AdamW alone; tokens are what a training on two cores is short of.
"""
import torch


def orthogonal(matrix, steps=5):
    """Nearly the orthogonal factor of a matrix, by a quintic Newton-Schulz iteration."""
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


class Muon(torch.optim.Optimizer):
    def __init__(self, matrices, lr, momentum=.95, weight_decay=.1):
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(state["momentum"], group["momentum"])
                # rows stacked in one matrix (queries, keys, values; gate and up) are turned one by one
                parts = update.split(self.part(weight))
                update = torch.cat([orthogonal(p) * max(1, p.shape[0] / p.shape[1]) ** .5 for p in parts])
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"])

    @staticmethod
    def part(weight):
        rows, columns = weight.shape
        return {3: columns, 6: rows // 2}.get(rows // columns, rows) if rows % columns == 0 else rows


def optimizers(model, rate=2e-3, turn_rate=.02):
    """The optimizers of a model; each group remembers its full rate for the schedule."""
    inner = [p for n, p in model.named_parameters() if p.dim() == 2 and n.startswith("blk")]
    norms = [p for p in model.parameters() if p.dim() < 2]
    muon = Muon(inner, turn_rate)
    adam = torch.optim.AdamW([{"params": [model.token_embd.weight], "weight_decay": .1}, {"params": norms, "weight_decay": 0.}],
                             lr=rate, betas=(.9, .95))
    for optimizer in (muon, adam):
        for group in optimizer.param_groups:
            group["full"] = group["lr"]
    return [muon, adam]
