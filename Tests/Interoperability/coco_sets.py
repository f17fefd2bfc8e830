#!/usr/bin/env python3
"""Evaluates generated sets with pycocotools and with `dense evaluate coco`: every bit has to be the same.

  python Tests/Interoperability/coco_sets.py .build/release/dense --sets 10000

A seed is a set: boxes or masks, crowds, the key `ignore`, a choice of classes, images and thresholds, annotations of
id 0, scores that come again, areas that say nothing of the object, classes and images without anything.
Needs numpy and pycocotools.
"""
import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def shape(rng, width, height):
    """A box within the image, sometimes a pixel, sometimes all of it."""
    w = float(rng.integers(1, width + 1)) if rng.random() < 0.7 else float(rng.uniform(0.5, width))
    h = float(rng.integers(1, height + 1)) if rng.random() < 0.7 else float(rng.uniform(0.5, height))
    return [float(rng.uniform(0, max(width - w, 0))), float(rng.uniform(0, max(height - h, 0))), w, h]


def near(rng, box, amount):
    x, y, w, h = box
    moved = rng.normal(0, amount, 4) * (w, h, w, h)
    return [x + moved[0], y + moved[1], max(w + moved[2], 0.5), max(h + moved[3], 0.5)]


def outline(rng, box):
    x, y, w, h = box
    n = int(rng.integers(3, 9))
    angles = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = rng.uniform(0.5, 1.0, n)
    points = np.stack([x + w / 2 * (1 + radius * np.cos(angles)), y + h / 2 * (1 + radius * np.sin(angles))], 1)
    return [round(float(v), int(rng.integers(0, 3))) for v in points.reshape(-1)]


def runs(polygons, width, height):
    return masks.merge(masks.frPyObjects(polygons, height, width))


def uncompressed(run, width, height):
    inside = masks.decode(run).flatten(order="F")
    edges = np.flatnonzero(np.diff(inside)) + 1
    counts = np.diff(np.concatenate([[0], edges, [inside.size]])).tolist()
    return {"size": [height, width], "counts": ([0] if inside[0] else []) + [int(c) for c in counts]}


def generated(seed):
    rng = np.random.default_rng(seed)
    with_masks = seed % 2 == 1
    classes = [int(c) for c in rng.choice(20, int(rng.integers(1, 6)), replace=False)]
    images, truth, found = [], [], []
    side = int(rng.choice([12, 40, 120, 300]))
    scores = rng.random(int(rng.choice([3, 20, 1000])))
    next_id = int(rng.integers(0, 2))
    ids = rng.choice(1000, int(rng.integers(1, 9)), replace=False)
    for image_id in ids:
        width, height = int(rng.integers(side // 2, side + 1)), int(rng.integers(side // 2, side + 1))
        images.append({"id": int(image_id), "width": width, "height": height, "file_name": f"{image_id}.png"})
        boxes = []
        for _ in range(int(rng.choice([0, 1, 3, 12]))):
            box = shape(rng, width, height)
            category = int(rng.choice(classes))
            crowd = int(rng.random() < 0.12)
            polygons = [outline(rng, box) for _ in range(1 + int(rng.random() < 0.2))]
            row = {"id": next_id, "image_id": int(image_id), "category_id": category, "bbox": box, "iscrowd": crowd,
                   "area": float(rng.choice([box[2] * box[3], 1024.0, 9216.0, 0.0, 50.0, 20000.0]))}
            if rng.random() < 0.1:
                row["ignore"] = int(rng.random() < 0.5)
            row["segmentation"] = uncompressed(runs(polygons, width, height), width, height) if crowd else polygons
            truth.append(row)
            boxes.append((category, box, polygons))
            next_id += 1
        for _ in range(int(rng.choice([0, 2, 10, 130], p=[0.2, 0.3, 0.4, 0.1]))):
            head = {"image_id": int(image_id), "score": float(rng.choice(scores))}
            if boxes and rng.random() < 0.7:
                category, box, polygons = boxes[int(rng.integers(len(boxes)))]
                box = near(rng, box, float(rng.choice([0, 0.02, 0.1, 0.3])))
                if rng.random() < 0.5:
                    polygons = [outline(rng, box)]
                if rng.random() < 0.15:
                    category = int(rng.choice(classes))
            else:
                category, box = int(rng.choice(classes)), shape(rng, width, height)
                polygons = [outline(rng, box)]
            head["category_id"] = category
            if with_masks:
                run = runs(polygons, width, height)
                head["segmentation"] = {"size": [height, width], "counts": run["counts"].decode()}
            else:
                head["bbox"] = box
            found.append(head)
    rng.shuffle(found)
    settings = {}
    if rng.random() < 0.3:
        settings["classes"] = sorted(int(c) for c in rng.choice(classes, int(rng.integers(1, len(classes) + 1)), replace=False))
    if rng.random() < 0.3:
        settings["images"] = sorted(int(i) for i in rng.choice(ids, int(rng.integers(1, len(ids) + 1)), replace=False))
    if rng.random() < 0.2:
        settings["thresholds"] = [0.5, float(np.round(rng.uniform(0.05, 1.0), 3))]
    if rng.random() < 0.2:
        settings["max_dets"] = sorted(int(n) for n in rng.choice(99, 2, replace=False) + 1) + [100]
    categories = [{"id": c, "name": f"class {c}"} for c in classes]
    return {"images": images, "annotations": truth, "categories": categories}, list(found), with_masks, settings


def expected(truth_path, found, with_masks, settings):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(truth_path)
        evaluation = COCOeval(truth, truth.loadRes(found), "segm" if with_masks else "bbox")
        if "classes" in settings:
            evaluation.params.catIds = settings["classes"]
        if "images" in settings:
            evaluation.params.imgIds = settings["images"]
        if "thresholds" in settings:
            evaluation.params.iouThrs = np.array(settings["thresholds"])
        if "max_dets" in settings:
            evaluation.params.maxDets = settings["max_dets"]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"]

    def mean(values):
        known = values[values > -1]
        return float(np.mean(known)) if known.size else -1.0

    return {
        "stats": [float(v) for v in evaluation.stats],
        "AP": {int(c): mean(precision[:, :, k, 0, -1]) for k, c in enumerate(evaluation.params.catIds)},
        "per_iou": [mean(precision[t, :, :, 0, -1]) for t in range(precision.shape[0])],
        # The arrays at the first threshold; pycocotools has -1 throughout for a class without objects.
        "curves": {
            int(c): (precision[0, :, k, 0, -1].tolist(), evaluation.eval["scores"][0, :, k, 0, -1].tolist())
            for k, c in enumerate(evaluation.params.catIds) if precision[0, 0, k, 0, -1] > -1
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dense", help="the command")
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--arrays", action="store_true", help="compare precisions and scores over recall too")
    options = parser.parse_args()
    done = empty = 0
    with tempfile.TemporaryDirectory() as folder:
        truth_path, found_path = os.path.join(folder, "truth.json"), os.path.join(folder, "found.json")
        for seed in range(options.first, options.first + options.sets):
            truth, found, with_masks, settings = generated(seed)
            if not found:
                empty += 1  # pycocotools' loadRes cannot read an empty list
                continue
            for path, content in ((truth_path, truth), (found_path, found)):
                with open(path, "w") as file:
                    json.dump(content, file)
            wanted = expected(truth_path, found, with_masks, settings)
            kind = "segm" if with_masks else "bbox"
            command = [options.dense, "evaluate", "coco", "--json", "--annotations", truth_path, "--results",
                       found_path, "--iou-type", kind] + (["--analyze"] if options.arrays else [])
            for key, name in (("classes", "--classes"), ("images", "--images"), ("thresholds", "--iou-thrs"),
                              ("max_dets", "--max-dets")):
                if key in settings:
                    command += [name] + [str(v) for v in settings[key]]
            got = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)[kind]
            per_class = {row["id"]: row["AP"] for row in got["per_class"]}
            if got["stats"] != wanted["stats"] or per_class != wanted["AP"] or got["per_iou"] != wanted["per_iou"]:
                sys.exit(f"seed {seed}: {got['stats']} {per_class}, pycocotools {wanted}")
            if options.arrays:
                curves = {curve["id"]: (curve["precision"], curve["score"]) for curve in got["curves"]
                          if curve["id"] in wanted["curves"]}
                if curves != wanted["curves"]:
                    sys.exit(f"seed {seed}: curves {curves}, pycocotools {wanted['curves']}")
            done += 1
    print(f"{done} sets are equal in every bit; {empty} have no results")


if __name__ == "__main__":
    main()
