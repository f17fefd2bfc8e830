"""Times PyTorch's and OpenVINO's models beside the same ones of `dense`, in alternating runs.

    peers.py DENSE ROUNDS [THREADS]

Prints a table in Markdown: the medians, and how many times as long as dense the others take. Models are timm's, with
random weights; what is not installed is left out, and said on standard error.
"""

import importlib
import json
import statistics
import subprocess
import sys
import time

ROWS = [
    # What it is called, dense's config, timm's name, pictures a run.
    ("Swin-T, 224x224", "configs/swin/swin-tiny_300e_imagenet-224.yaml", "swin_tiny_patch4_window7_224", 8),
    ("DeiT-S, 224x224", "configs/deit/deit-small_300e_imagenet-224.yaml", "deit_small_patch16_224", 8),
]


def module(name):
    try:
        return importlib.import_module(name)
    except Exception as reason:  # A module may be there and fail to load.
        print(f"note: {name} is left out: {reason}", file=sys.stderr)
        return None


def seconds(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def dense_run(program, config, mode, batch, threads):
    words = [program, "benchmark", "model", config, "--mode", mode, "--batch", str(batch), "--rounds", "1", "--json"]
    words += ["--shape", "224", "224", "--threads", str(threads)]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)["milliseconds"]


def torch_runs(torch, model, batch, mode):
    """What runs the model once in float32, and in bfloat16 by autocast."""
    pictures = torch.randn(batch, 3, 224, 224)
    labels = torch.randint(1000, (batch,))

    def forward():
        with torch.inference_mode():
            model(pictures)

    def step():
        model.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(pictures), labels).backward()

    def half():
        with torch.autocast("cpu", torch.bfloat16):
            run()

    run = step if mode == "train" else forward
    model.train(mode == "train")
    return {"PyTorch": run, "PyTorch bf16": half}


def openvino_runs(openvino, torch, model, batch, threads):
    """What runs the model once in float32, and as OpenVINO does it unasked."""
    pictures = torch.randn(batch, 3, 224, 224)
    model.eval()
    graph = openvino.convert_model(model, example_input=pictures)
    numbers = pictures.numpy()
    runs = {}
    for name, hints in [("OpenVINO f32", {"INFERENCE_PRECISION_HINT": "f32"}), ("OpenVINO", {})]:
        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", **hints}
        compiled = openvino.Core().compile_model(graph, "CPU", settings)
        runs[name] = lambda compiled=compiled: compiled(numbers)
    return runs


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, rounds = sys.argv[1], int(sys.argv[2])
    torch, timm, openvino = module("torch"), module("timm"), module("openvino")
    if torch is None or timm is None:
        sys.exit("error: PyTorch and timm are needed: pip install torch timm")
    threads = int(sys.argv[3]) if len(sys.argv) == 4 else torch.get_num_threads()
    torch.set_num_threads(threads)
    print(f"{threads} threads, {rounds} alternating runs; ms, and times as long as dense\n")
    columns = ["PyTorch", "PyTorch bf16"] + (["OpenVINO f32", "OpenVINO"] if openvino else [])
    print("| model | run | dense | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 3) + "|")
    for title, config, name, batch in ROWS:
        for mode in ("forward", "train"):
            model = timm.create_model(name, pretrained=False)
            runs = torch_runs(torch, model, batch, mode)
            if openvino and mode == "forward":
                runs |= openvino_runs(openvino, torch, model, batch, threads)
            times = {key: [] for key in ["dense", *runs]}
            for run in runs.values():
                run()
            for _ in range(rounds):
                times["dense"].append(dense_run(program, config, mode, batch, threads))
                for key, run in runs.items():
                    times[key].append(1000 * seconds(run))
            medians = {key: statistics.median(values) for key, values in times.items()}
            cells = [
                f"{medians[key]:.0f} ({medians[key] / medians['dense']:.2f})" if key in medians else ""
                for key in columns
            ]
            kind = "training step" if mode == "train" else "forward"
            print(f"| {title}, batch {batch} | {kind} | {medians['dense']:.0f} | " + " | ".join(cells) + " |", flush=True)


main()
