"""The three compiled operations of mmcv that Mask R-CNN needs, in plain PyTorch; to be imported before mmdet.

mmcv-lite brings none of mmcv's compiled operations, and mmcv itself needs a compiler and much time.
"""
import sys
import types

import torch
from torch import nn


def nms(boxes, scores, iou_threshold, **_):
    """Greedy suppression: boxes [N, 4], scores [N] -> (kept boxes and scores [K, 5], their indices [K])."""
    order = scores.sort(descending=True, stable=True).indices
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    dropped = torch.zeros(len(boxes), dtype=torch.bool)
    kept = []
    for index in order.tolist():
        if dropped[index]:
            continue
        kept.append(index)
        corner = torch.maximum(boxes[index, :2], boxes[:, :2])
        sides = (torch.minimum(boxes[index, 2:], boxes[:, 2:]) - corner).clamp(min=0)
        common = sides[:, 0] * sides[:, 1]
        dropped |= common / (areas[index] + areas - common) > iou_threshold
    kept = torch.tensor(kept, dtype=torch.long)
    return torch.cat([boxes[kept], scores[kept, None]], dim=1), kept


def batched_nms(boxes, scores, groups, settings, class_agnostic=False):
    """Suppression within each group; the settings are those of a config's `nms`."""
    settings = dict(settings or {})
    settings.pop('type', None)
    shift = 0 if class_agnostic else (groups.to(boxes) * (boxes.max() + 1))[:, None]
    _, kept = nms(boxes + shift, scores, settings['iou_threshold'])
    return torch.cat([boxes[kept], scores[kept, None]], dim=1), kept


class RoIAlign(nn.Module):
    """Mean over bilinear samples in each cell (He et al., arXiv:1703.06870), corners at half pixels."""

    def __init__(self, output_size, spatial_scale=1.0, sampling_ratio=0, pool_mode='avg', aligned=True, **_):
        super().__init__()
        self.output_size = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
        self.spatial_scale, self.sampling_ratio, self.offset = spatial_scale, sampling_ratio, 0.5 if aligned else 0.0

    def forward(self, features, regions):
        """features [B, C, H, W], regions [R, 5] of (image, x1, y1, x2, y2) -> [R, C, h, w]."""
        height, width = self.output_size
        result = features.new_zeros((len(regions), features.shape[1], height, width))
        for number, region in enumerate(regions):
            x1, y1, x2, y2 = (region[1:] * self.spatial_scale - self.offset).unbind()
            ys, row_count = self._samples(y1, y2, height, features.shape[2])
            xs, column_count = self._samples(x1, x2, width, features.shape[3])
            image = features[int(region[0])]
            rows, columns = self._weights(ys, image.shape[1]), self._weights(xs, image.shape[2])
            sampled = torch.einsum('sh,chw,tw->cst', rows, image, columns)
            result[number] = sampled.reshape(-1, height, row_count, width, column_count).mean(dim=(2, 4))
        return result

    def _samples(self, first, last, cells, _):
        side = (last - first) / cells
        count = self.sampling_ratio if self.sampling_ratio > 0 else max(1, int(torch.ceil(side)))
        steps = (torch.arange(count) + 0.5) / count
        return (first + (torch.arange(cells)[:, None] + steps) * side).flatten(), count

    @staticmethod
    def _weights(places, size):
        """A row of bilinear weights a sample: [S, size]; samples more than a pixel outside are 0."""
        outside = (places < -1) | (places > size)
        places = places.clamp(0, size - 1)
        low = places.floor().long()
        high = (low + 1).clamp(max=size - 1)
        share = (places - low)[:, None]
        weights = nn.functional.one_hot(low, size) * (1 - share) + nn.functional.one_hot(high, size) * share
        weights[outside] = 0
        return weights


class _Missing(nn.Module):
    """Stands for an operation that no model here uses."""

    def __init__(self, *_, **__):
        raise NotImplementedError


class _Operations(types.ModuleType):
    """A module that has the three operations, and a stand-in for all others."""

    nms, batched_nms, RoIAlign = staticmethod(nms), staticmethod(batched_nms), RoIAlign
    __path__ = []

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return _Missing


def install():
    """Puts the operations where mmdet looks for them."""
    for name in ['', '.nms', '.carafe', '.deform_conv', '.modulated_deform_conv', '.roi_align', '.merge_cells', '.point_sample']:
        sys.modules[f'mmcv.ops{name}'] = _Operations(f'mmcv.ops{name}')
    import mmcv.cnn.bricks.transformer as transformer
    transformer.MultiScaleDeformableAttention = getattr(transformer, 'MultiScaleDeformableAttention', _Missing)
