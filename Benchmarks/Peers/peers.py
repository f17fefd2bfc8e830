"""How long PyTorch and OpenVINO take for a model, and how much memory: one line for each that is there, with tabs between
its name, milliseconds and the megabytes that its process held at most, libraries and all.

    peers.py MODEL forward|train BATCH HEIGHT WIDTH THREADS

MODEL is a row of tools/benchmark.sh. Each has a process of its own. The median of three runs counts, after one that does not, as
for `dense`; one alone where a run takes more than a minute. What is missing, such as OpenVINO or mmsegmentation, or is ended for want of
memory, is told on standard error and left out; the exit status is 0 all the same. So are VMamba in OpenVINO, which would write
out its scans step by step, and bfloat16 where the processor has no instructions for it.
"""
import os
import resource
import signal
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 3
# Seconds of a run from which on one that counts is enough.
LONG = 60
# Names of precisions in OpenVINO.
HINTS = {'float32': 'f32', 'bfloat16': 'bf16'}


def note(text):
    print(f'note: {text}', file=sys.stderr)


def report(label, run):
    """One line: the milliseconds of a run, the median of some, and this process' memory."""
    def seconds():
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    rounds = 1 if seconds() > LONG else ROUNDS
    median = statistics.median(seconds() for _ in range(rounds))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f'{label}\t{median * 1000:.1f}\t{kilobytes / 1024:.0f}', flush=True)


def mmlab(scope):
    """The registry of models of mmdetection or mmsegmentation, whose compiled operations are replaced where need be."""
    sys.path.insert(0, os.path.join(HERE, '..', '..', 'Tests', 'Interoperability'))
    import mm_ops
    try:
        import torchvision  # noqa: F401
    except Exception:
        # One that is not of this PyTorch would keep the others from being read, who can do without.
        sys.modules['torchvision'] = None
    mm_ops.install()
    from mmengine.registry import init_default_scope
    from vssm import VSSM
    if scope == 'mmdet':
        import mmdet.models  # noqa: F401
        from mmdet.registry import MODELS
    else:
        import mmseg.models  # noqa: F401
        from mmseg.registry import MODELS
    init_default_scope(scope)
    MODELS.register_module(module=VSSM, force=True)
    return MODELS


def classifier(backbone, channels):
    """The mean of a backbone's last map, and a linear layer for 1,000 classes."""
    from torch import nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = mmlab('mmseg').build(backbone)
            self.head = nn.Linear(channels, 1000)

        def forward(self, images):
            return [self.head(self.backbone(images)[-1].mean([2, 3]))]

    return Classifier()


def upernet(backbone, channels):
    """UperNet for 150 classes, up to the class of each pixel; in training with the FCN beside it."""
    from torch import nn
    norm = dict(type='BN', requires_grad=True)
    head = dict(num_classes=150, norm_cfg=norm, align_corners=False, dropout_ratio=0.1)

    class UperNet(nn.Module):
        def __init__(self):
            super().__init__()
            models = mmlab('mmseg')
            self.backbone = models.build(backbone)
            self.decode_head = models.build(dict(
                type='UPerHead', in_channels=channels, in_index=[0, 1, 2, 3], pool_scales=(1, 2, 3, 6),
                channels=512, **head))
            self.auxiliary_head = models.build(dict(
                type='FCNHead', in_channels=channels[2], in_index=2, channels=256, num_convs=1,
                concat_input=False, **head))

        def forward(self, images):
            def resized(logits):
                return nn.functional.interpolate(
                    logits, size=images.shape[2:], mode='bilinear', align_corners=False)
            maps = self.backbone(images)
            if self.training:
                return [resized(self.decode_head(maps)), resized(self.auxiliary_head(maps))]
            return [resized(self.decode_head(maps)).argmax(dim=1)]

    return UperNet()


def mask_rcnn(backbone, channels):
    """The layers of Mask R-CNN for 80 classes, without what chooses, cuts and merges boxes: the box head has 1,000 maps
    to do and the mask head 100; in training 512 and 128."""
    import torch
    from torch import nn

    class MaskRCNN(nn.Module):
        def __init__(self):
            super().__init__()
            models = mmlab('mmdet')
            self.backbone = models.build(backbone)
            self.neck = models.build(dict(type='FPN', in_channels=channels, out_channels=256, num_outs=5))
            self.rpn_head = models.build(dict(
                type='RPNHead', in_channels=256, feat_channels=256,
                anchor_generator=dict(
                    type='AnchorGenerator', scales=[8], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64])))
            self.bbox_head = models.build(dict(
                type='Shared2FCBBoxHead', in_channels=256, fc_out_channels=1024, roi_feat_size=7, num_classes=80))
            self.mask_head = models.build(dict(
                type='FCNMaskHead', num_convs=4, in_channels=256, conv_out_channels=256, num_classes=80))
            for (name, count), side in zip([('boxes', (1000, 512)), ('masks', (100, 128))], [7, 14]):
                for when, number in zip(['predicted', 'learnt'], count):
                    self.register_buffer(f'{when}_{name}', torch.rand(number, 256, side, side))

        def forward(self, images):
            scores, boxes = self.rpn_head(self.neck(self.backbone(images)))
            when = 'learnt' if self.training else 'predicted'
            heads = [self.bbox_head, self.mask_head]
            outputs = [head(getattr(self, f'{when}_{name}')) for head, name in zip(heads, ['boxes', 'masks'])]
            return [*scores, *boxes, *outputs[0], outputs[1]]

    return MaskRCNN()


CHANNELS = [96, 192, 384, 768]
VSSM = dict(type='VSSM', dims=CHANNELS, depths=[2, 2, 9, 2])
SWIN = dict(type='SwinTransformer', embed_dims=96, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24], window_size=7)
DEIT = dict(type='VisionTransformer', img_size=224, embed_dims=384, num_layers=12, num_heads=6)
RESNET = dict(type='ResNet', depth=50)
MODELS = {
    'vssm-tiny': lambda: classifier(VSSM, 768),
    'swin-tiny': lambda: classifier(SWIN, 768),
    'deit-small': lambda: classifier(DEIT, 384),
    'upernet-swin-tiny': lambda: upernet(SWIN, CHANNELS),
    'upernet-vssm-tiny': lambda: upernet(VSSM, CHANNELS),
    'mask-rcnn-r50': lambda: mask_rcnn(RESNET, [256, 512, 1024, 2048]),
    'mask-rcnn-vssm-tiny': lambda: mask_rcnn(VSSM, CHANNELS),
}


def step(model, images):
    """Losses of a batch, and the gradients of all weights."""
    import torch
    from torch.nn import functional

    def loss(output):
        # Random classes where there are many, else any gradient will do.
        if output.dim() >= 2 and output.shape[1] in (150, 1000):
            shape = output.shape[:1] + output.shape[2:]
            return functional.cross_entropy(output, torch.randint(0, output.shape[1], shape))
        return output.square().mean()

    def run():
        model.zero_grad(set_to_none=True)
        sum(loss(output) for output in model(images)).backward()

    return run


def has_bfloat16():
    """Whether the processor multiplies in bfloat16; without, PyTorch takes ten times as long as in float32."""
    try:
        with open('/proc/cpuinfo') as file:
            return not {'avx512_bf16', 'amx_bf16', 'bf16'}.isdisjoint(file.read().split())
    except OSError:
        return False


def pytorch(name, precision, mode, sizes, threads):
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = MODELS[name]().to(memory_format=torch.channels_last)
    images = torch.rand(*sizes).to(memory_format=torch.channels_last)
    with torch.autocast('cpu', torch.bfloat16, enabled=precision == 'bfloat16'):
        if mode == 'train':
            run = step(model.train(), images)
        else:
            model.eval()

            def run():
                with torch.inference_mode():
                    model(images)
        report(f'PyTorch {precision}', run)


def conversion(name, path, sizes):
    """Writes a model as OpenVINO reads it."""
    import openvino as ov
    import torch
    model = MODELS[name]().eval()
    ov.save_model(ov.convert_model(model, example_input=torch.rand(*sizes)), path, compress_to_fp16=False)


def openvino(path, precision, sizes, threads):
    """Of the precisions, bfloat16 is what it takes unasked where the processor has it."""
    import numpy
    import openvino as ov
    model = ov.Core().compile_model(path, 'CPU', dict(
        INFERENCE_PRECISION_HINT=HINTS[precision], PERFORMANCE_HINT='LATENCY', INFERENCE_NUM_THREADS=threads))
    request = model.create_infer_request()
    images = numpy.random.default_rng(0).random(sizes, dtype=numpy.float32)
    report(f'OpenVINO {precision}', lambda: request.infer([images]))


def apart(what, work, *arguments):
    """Does a work in a process of its own: what that holds counts for it alone, and it may be ended. Whether it was done."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(*arguments)
            status = 0
        except ImportError as error:
            note(f'{what} is left out: {error}')
        except Exception as error:
            note(f'{what} does not run: {(str(error) or repr(error)).splitlines()[0]}')
        finally:
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        note(f'{what} was ended by {signal.Signals(os.WTERMSIG(status)).name}: for want of memory, perhaps')
    return status == 0


def main(name, mode, batch, height, width, threads):
    if name not in MODELS:
        return note(f'{name}: no peer has this model')
    precisions = ['float32', 'bfloat16'] if has_bfloat16() else ['float32']
    if len(precisions) == 1:
        note('bfloat16 is left out: the processor has no instructions for it')
    sizes = (batch, 3, height, width)
    for precision in precisions:
        apart(f'PyTorch {precision} of {name}', pytorch, name, precision, mode, sizes, threads)
    if mode == 'train':
        return
    if 'vssm' in name:
        return note(f'OpenVINO is left out for {name}: it writes the scans out step by step, more than memory holds')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'model.xml')
        if apart(f'OpenVINO of {name}', conversion, name, path, sizes):
            for precision in precisions:
                apart(f'OpenVINO {precision} of {name}', openvino, path, precision, sizes, threads)


if __name__ == '__main__':
    if len(sys.argv) != 7 or sys.argv[2] not in ('forward', 'train'):
        sys.exit(__doc__)
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
