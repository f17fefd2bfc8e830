"""Runs a model that `dense` has trained through mmdetection's or mmsegmentation's own pipeline and compares.

    compare.py detector  CONFIG.yaml WEIGHTS.pth RESULTS   results: RESULTS.bbox.json and RESULTS.segm.json of dense test --out
    compare.py segmentor CONFIG.yaml WEIGHTS.pth FOLDER    label maps of dense test --out FOLDER

CONFIG.yaml is what `dense config print` prints. README.md beside this file says how to get all of them.
"""
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mm_ops

mm_ops.install()

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from vssm import VSSM


def built(config, registry, weights):
    """The model with the weights, every one of which has to be there."""
    registry.register_module(module=VSSM, force=True)
    model = registry.build(config.model)
    state = torch.load(weights, map_location='cpu', weights_only=True)
    model.load_state_dict(state.get('state_dict', state), strict=True)
    return model.eval()


def predictions(model, dataset):
    with torch.no_grad():
        for index in range(len(dataset)):
            yield model.test_step(pseudo_collate([dataset[index]]))[0]


def compare_detector(config, weights, results):
    from mmdet.evaluation import CocoMetric
    from mmdet.registry import DATASETS, MODELS
    from mmdet.utils import register_all_modules
    from pycocotools import mask as masks
    register_all_modules(init_default_scope=True)
    for head in [config.model.roi_head.bbox_head, config.model.roi_head.mask_head]:
        head.num_classes = len(config.val_dataloader.dataset.metainfo.classes)
    model = built(config, MODELS, weights)
    settings = config.val_dataloader.dataset
    dataset = DATASETS.build(settings)
    metric = CocoMetric(ann_file=os.path.join(settings.data_root, settings.ann_file), metric=['bbox', 'segm'])
    metric.dataset_meta = dataset.metainfo
    # The numbers of the classes are the config's here, the file's there.
    ids = dataset.cat_ids
    ours = {}
    for box, mask in zip(*(json.load(open(f'{results}.{kind}.json')) for kind in ('bbox', 'segm'))):
        ours.setdefault(box['image_id'], []).append((box, mask))
    same = total = 0
    worst = {'score': 0.0, 'box': 0.0, 'mask IoU': 1.0}
    for sample in predictions(model, dataset):
        found = sample.pred_instances
        rows = ours.get(sample.img_id, [])
        total += max(len(found), len(rows))
        taken = set()
        for box, label, score, mask in zip(found.bboxes.numpy(), found.labels.tolist(), found.scores.tolist(),
                                           found.masks):
            box = np.array([box[0], box[1], box[2] - box[0], box[3] - box[1]])
            def distance(number):
                row = rows[number][0]
                if number in taken or row['category_id'] != ids[label]:
                    return np.inf
                return max(np.abs(box - row['bbox']).max(), abs(score - row['score']) * 100)
            best = min(range(len(rows)), key=distance, default=None)
            if best is None or distance(best) > 0.1:
                continue
            taken.add(best)
            same += 1
            row, other = rows[best]
            mask = masks.encode(np.asfortranarray(np.asarray(mask).astype(np.uint8)))
            worst['score'] = max(worst['score'], abs(score - row['score']))
            worst['box'] = max(worst['box'], float(np.abs(box - row['bbox']).max()))
            worst['mask IoU'] = min(worst['mask IoU'], float(masks.iou([mask], [other['segmentation']], [0])[0, 0]))
        metric.process({}, [sample.to_dict()])
    print(f'{same} of {total} detections are the same; largest differences:', worst)
    print(metric.evaluate(len(dataset)))
    return same == total


def compare_segmentor(config, weights, folder):
    from mmseg.evaluation import IoUMetric
    from mmseg.registry import DATASETS, MODELS
    from mmseg.utils import register_all_modules
    register_all_modules(init_default_scope=True)
    for head in [config.model.decode_head, config.model.auxiliary_head]:
        head.num_classes = len(config.val_dataloader.dataset.metainfo.classes)
    model = built(config, MODELS, weights)
    dataset = DATASETS.build(config.val_dataloader.dataset)
    metric = IoUMetric(iou_metrics=['mIoU'])
    metric.dataset_meta = dataset.metainfo
    different = pixels = images = 0
    for sample in predictions(model, dataset):
        theirs = sample.pred_sem_seg.data[0].numpy()
        name = os.path.splitext(os.path.basename(sample.img_path))[0]
        ours = cv2.imread(f'{folder}/{name}.png', cv2.IMREAD_UNCHANGED)
        different += int((ours != theirs).sum())
        pixels += theirs.size
        images += 1
        metric.process({}, [sample.to_dict()])
    print(f'{different} of {pixels} pixels of {images} label maps differ')
    print(metric.evaluate(len(dataset)))
    return different == 0


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('kind', choices=['detector', 'segmentor'])
    parser.add_argument('config')
    parser.add_argument('weights')
    parser.add_argument('results')
    arguments = parser.parse_args()
    merged = Config.fromfile(arguments.config)
    # dense gives every data set the config's data_root; mm takes each one's own.
    merged.val_dataloader.dataset.setdefault('data_root', merged.get('data_root', ''))
    # YAML has lists where mm's transforms insist on tuples.
    for step in merged.val_dataloader.dataset.pipeline:
        for key in {'scale', 'crop_size'} & set(step):
            step[key] = tuple(step[key])
    compare = compare_detector if arguments.kind == 'detector' else compare_segmentor
    sys.exit(0 if compare(merged, arguments.weights, arguments.results) else 1)
