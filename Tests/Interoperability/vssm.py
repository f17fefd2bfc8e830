"""VMamba's backbone (arXiv:2401.10166, figure 3) in plain PyTorch, its scan step by step: slow, for comparisons only.

Weights stand under the names of the release of February 2024, which are those that `dense` writes.
"""
import torch
from torch import nn
from torch.nn import functional


class SS2D(nn.Module):
    """Four selective scans over a map: rows, columns, and both backwards."""

    def __init__(self, channels, states, rank, ratio):
        super().__init__()
        inner = int(ratio * channels)
        self.rank, self.states = rank, states
        self.in_proj = nn.Linear(channels, 2 * inner, bias=False)
        self.conv2d = nn.Conv2d(inner, inner, 3, padding=1, groups=inner)
        self.x_proj_weight = nn.Parameter(torch.zeros(4, rank + 2 * states, inner))
        self.dt_projs_weight = nn.Parameter(torch.zeros(4, inner, rank))
        self.dt_projs_bias = nn.Parameter(torch.zeros(4, inner))
        self.A_logs = nn.Parameter(torch.zeros(4 * inner, states))
        self.Ds = nn.Parameter(torch.zeros(4 * inner))
        self.out_norm = nn.LayerNorm(inner)
        self.out_proj = nn.Linear(inner, channels, bias=False)

    def forward(self, x):
        """[B, H, W, C], shape kept."""
        x, gate = self.in_proj(x).chunk(2, dim=-1)
        x = functional.silu(self.conv2d(x.permute(0, 3, 1, 2)))
        y = self.scans(x).permute(0, 2, 3, 1)
        return self.out_proj(self.out_norm(y) * functional.silu(gate))

    def scans(self, x):
        """[B, I, H, W], shape kept."""
        b, inner, h, w = x.shape
        rows, columns = x.flatten(2), x.transpose(2, 3).flatten(2)
        sequences = torch.stack([rows, columns, rows.flip(-1), columns.flip(-1)], dim=1)
        projected = torch.einsum('bkil,kri->bkrl', sequences, self.x_proj_weight)
        delta, key, query = projected.split([self.rank, self.states, self.states], dim=2)
        delta = torch.einsum('bkrl,kir->bkil', delta, self.dt_projs_weight)
        delta = functional.softplus(delta + self.dt_projs_bias[None, :, :, None])
        decay = -self.A_logs.exp().view(4, inner, self.states)
        state = x.new_zeros(b, 4, inner, self.states)
        outputs = []
        for step in range(h * w):
            d, u = delta[..., step, None], sequences[..., step, None]
            state = (d * decay).exp() * state + d * u * key[:, :, None, :, step]
            outputs.append((state * query[:, :, None, :, step]).sum(-1))
        y = torch.stack(outputs, dim=-1) + self.Ds.view(4, inner)[None, :, :, None] * sequences
        y = y[:, :2] + y[:, 2:].flip(-1)
        return y[:, 0].view(b, inner, h, w) + y[:, 1].view(b, inner, w, h).transpose(2, 3)


class Block(nn.Module):
    """A scan with a norm before it, added to its input."""

    def __init__(self, channels, **scan):
        super().__init__()
        self.norm, self.op = nn.LayerNorm(channels), SS2D(channels, **scan)

    def forward(self, x):
        return x + self.op(self.norm(x))


class PatchMerging(nn.Module):
    """2x2 neighbours joined, norm, linear; an odd side is padded."""

    def __init__(self, channels, following):
        super().__init__()
        self.reduction = nn.Linear(4 * channels, following, bias=False)
        self.norm = nn.LayerNorm(4 * channels)

    def forward(self, x):
        x = functional.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        cells = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(cells, dim=-1)))


class Stage(nn.Module):
    """Blocks of one resolution, and the way to the next."""

    def __init__(self, blocks, downsample):
        super().__init__()
        self.blocks, self.downsample = nn.ModuleList(blocks), downsample


class VSSM(nn.Module):
    """Four maps of an image."""

    def __init__(self, dims, depths, d_state=16, dt_rank='auto', ssm_ratio=2.0, out_indices=(0, 1, 2, 3),
                 patch_size=4, downsample_version='v1', mlp_ratio=0.0, forward_type='v0', **_):
        super().__init__()
        assert downsample_version == 'v1' and mlp_ratio == 0 and forward_type == 'v0'
        def scan(width):
            return dict(states=d_state, rank=-(-width // 16) if dt_rank == 'auto' else dt_rank, ratio=ssm_ratio)
        self.patch_embed = nn.ModuleDict({
            '0': nn.Conv2d(3, dims[0], patch_size, patch_size), '2': nn.LayerNorm(dims[0])})
        self.layers = nn.ModuleList(
            Stage([Block(width, **scan(width)) for _ in range(depth)],
                  PatchMerging(width, dims[index + 1]) if index + 1 < len(dims) else None)
            for index, (width, depth) in enumerate(zip(dims, depths)))
        self.out_indices = list(out_indices)
        for index in self.out_indices:
            self.add_module(f'outnorm{index}', nn.LayerNorm(dims[index]))

    def init_weights(self):
        """Nothing: weights are loaded."""

    def forward(self, images):
        """[B, 3, H, W] to a map [B, C, h, w] a stage."""
        x = self.patch_embed['2'](self.patch_embed['0'](images).permute(0, 2, 3, 1))
        maps = []
        for index, stage in enumerate(self.layers):
            for block in stage.blocks:
                x = block(x)
            if index in self.out_indices:
                maps.append(getattr(self, f'outnorm{index}')(x).permute(0, 3, 1, 2).contiguous())
            if stage.downsample is not None:
                x = stage.downsample(x)
        return tuple(maps)
