/// Python configs in the structure of mmdetection's and mmsegmentation's: bases, names that values are made of, what is
/// replaced and what is laid over.
enum PythonConfigFiles {
  static let detection = [
    "models/mask-rcnn_r50_fpn.py": """
    # a Mask R-CNN
    model = dict(
        type='MaskRCNN',
        data_preprocessor=dict(
            type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True, pad_mask=True, pad_size_divisor=32),
        backbone=dict(
            type='ResNet', depth=50, num_stages=4, out_indices=(0, 1, 2, 3), frozen_stages=1,
            norm_cfg=dict(type='BN', requires_grad=True), norm_eval=True, style='pytorch',
            init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
        neck=dict(type='FPN', in_channels=[256, 512, 1024, 2048], out_channels=256, num_outs=5),
        rpn_head=dict(
            type='RPNHead', in_channels=256, feat_channels=256,
            anchor_generator=dict(
                type='AnchorGenerator', scales=[8], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64]),
            bbox_coder=dict(
                type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[1.0, 1.0, 1.0, 1.0]),
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
            loss_bbox=dict(type='L1Loss', loss_weight=1.0)),
        roi_head=dict(
            type='StandardRoIHead',
            bbox_roi_extractor=dict(
                type='SingleRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=0),
                out_channels=256, featmap_strides=[4, 8, 16, 32]),
            bbox_head=dict(
                type='Shared2FCBBoxHead', in_channels=256, fc_out_channels=1024, roi_feat_size=7,
                num_classes=80,
                bbox_coder=dict(
                    type='DeltaXYWHBBoxCoder', target_means=[0., 0., 0., 0.],
                    target_stds=[0.1, 0.1, 0.2, 0.2]),
                reg_class_agnostic=False,
                loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
                loss_bbox=dict(type='L1Loss', loss_weight=1.0)),
            mask_roi_extractor=dict(
                type='SingleRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=0),
                out_channels=256, featmap_strides=[4, 8, 16, 32]),
            mask_head=dict(
                type='FCNMaskHead', num_convs=4, in_channels=256, conv_out_channels=256, num_classes=80,
                loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0))),
        train_cfg=dict(
            rpn=dict(
                assigner=dict(
                    type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3,
                    match_low_quality=True, ignore_iof_thr=-1),
                sampler=dict(
                    type='RandomSampler', num=256, pos_fraction=0.5, neg_pos_ub=-1,
                    add_gt_as_proposals=False),
                allowed_border=-1, pos_weight=-1, debug=False),
            rpn_proposal=dict(
                nms_pre=2000, max_per_img=1000, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
            rcnn=dict(
                assigner=dict(
                    type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.5,
                    match_low_quality=True, ignore_iof_thr=-1),
                sampler=dict(
                    type='RandomSampler', num=512, pos_fraction=0.25, neg_pos_ub=-1,
                    add_gt_as_proposals=True),
                mask_size=28, pos_weight=-1, debug=False)),
        test_cfg=dict(
            rpn=dict(
                nms_pre=1000, max_per_img=1000, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
            rcnn=dict(
                score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100,
                mask_thr_binary=0.5)))
    """,
    "datasets/coco_instance.py": """
    dataset_type = 'CocoDataset'
    data_root = 'data/coco/'
    backend_args = None
    train_pipeline = [
        dict(type='LoadImageFromFile', backend_args=backend_args),
        dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
        dict(type='Resize', scale=(1333, 800), keep_ratio=True),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackDetInputs')
    ]
    test_pipeline = [
        dict(type='LoadImageFromFile', backend_args=backend_args),
        dict(type='Resize', scale=(1333, 800), keep_ratio=True),
        dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
        dict(
            type='PackDetInputs',
            meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                       'scale_factor'))
    ]
    train_dataloader = dict(
        batch_size=2, num_workers=2, persistent_workers=True,
        sampler=dict(type='DefaultSampler', shuffle=True),
        batch_sampler=dict(type='AspectRatioBatchSampler'),
        dataset=dict(
            type=dataset_type, data_root=data_root, ann_file='annotations/instances_train2017.json',
            data_prefix=dict(img='train2017/'), filter_cfg=dict(filter_empty_gt=True, min_size=32),
            pipeline=train_pipeline, backend_args=backend_args))
    val_dataloader = dict(
        batch_size=1, num_workers=2, persistent_workers=True, drop_last=False,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type=dataset_type, data_root=data_root, ann_file='annotations/instances_val2017.json',
            data_prefix=dict(img='val2017/'), test_mode=True, pipeline=test_pipeline,
            backend_args=backend_args))
    test_dataloader = val_dataloader
    val_evaluator = dict(
        type='CocoMetric', ann_file=data_root + 'annotations/instances_val2017.json',
        metric=['bbox', 'segm'], format_only=False, backend_args=backend_args)
    test_evaluator = val_evaluator
    """,
    "schedules/schedule_1x.py": """
    train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
    val_cfg = dict(type='ValLoop')
    test_cfg = dict(type='TestLoop')
    param_scheduler = [
        dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
        dict(type='MultiStepLR', begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1)
    ]
    optim_wrapper = dict(
        type='OptimWrapper', optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001))
    auto_scale_lr = dict(enable=False, base_batch_size=16)
    """,
    "runtime.py": """
    default_scope = 'mmdet'
    default_hooks = dict(
        timer=dict(type='IterTimerHook'),
        logger=dict(type='LoggerHook', interval=50),
        param_scheduler=dict(type='ParamSchedulerHook'),
        checkpoint=dict(type='CheckpointHook', interval=1),
        sampler_seed=dict(type='DistSamplerSeedHook'),
        visualization=dict(type='DetVisualizationHook'))
    env_cfg = dict(cudnn_benchmark=False, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0))
    vis_backends = [dict(type='LocalVisBackend')]
    visualizer = dict(type='DetLocalVisualizer', vis_backends=vis_backends, name='visualizer')
    log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
    log_level = 'INFO'
    load_from = None
    resume = False
    """,
    "mask-rcnn_r50_fpn_1x.py": """
    _base_ = [
        'models/mask-rcnn_r50_fpn.py', 'datasets/coco_instance.py',
        'schedules/schedule_1x.py', 'runtime.py'
    ]
    """,
    "mask-rcnn_swin-t_1x.py": """
    _base_ = ['mask-rcnn_r50_fpn_1x.py']
    pretrained = 'https://example.org/swin_tiny.pth'  # noqa
    model = dict(
        type='MaskRCNN',
        backbone=dict(
            _delete_=True, type='SwinTransformer', embed_dims=96, depths=[2, 2, 6, 2],
            num_heads=[3, 6, 12, 24], window_size=7, mlp_ratio=4, qkv_bias=True, qk_scale=None,
            drop_rate=0., attn_drop_rate=0., drop_path_rate=0.2, patch_norm=True,
            out_indices=(0, 1, 2, 3), with_cp=False, convert_weights=True,
            init_cfg=dict(type='Pretrained', checkpoint=pretrained)),
        neck=dict(in_channels=[96, 192, 384, 768]))
    max_epochs = 12
    train_pipeline = {{_base_.train_pipeline}}
    train_dataloader = dict(dataset=dict(pipeline=_base_.train_dataloader.dataset.pipeline))
    train_cfg = dict(max_epochs=max_epochs)
    param_scheduler = [
        dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
        dict(
            type='MultiStepLR', begin=0, end=max_epochs, by_epoch=True,
            milestones=[max_epochs - 4, max_epochs - 1], gamma=0.1)
    ]
    optim_wrapper = dict(
        type='OptimWrapper',
        paramwise_cfg=dict(
            custom_keys={
                'absolute_pos_embed': dict(decay_mult=0.),
                'relative_position_bias_table': dict(decay_mult=0.),
                'norm': dict(decay_mult=0.)
            }),
        optimizer=dict(_delete_=True, type='AdamW', lr=0.0001, betas=(0.9, 0.999), weight_decay=0.05))
    """,
  ]

  static let segmentation = [
    "upernet_swin.py": """
    norm_cfg = dict(type='SyncBN', requires_grad=True)
    backbone_norm_cfg = dict(type='LN', requires_grad=True)
    data_preprocessor = dict(
        type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True, pad_val=0, seg_pad_val=255)
    model = dict(
        type='EncoderDecoder',
        data_preprocessor=data_preprocessor,
        pretrained=None,
        backbone=dict(
            type='SwinTransformer', pretrain_img_size=224, embed_dims=96, patch_size=4, window_size=7,
            mlp_ratio=4, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24], strides=(4, 2, 2, 2),
            out_indices=(0, 1, 2, 3), qkv_bias=True, qk_scale=None, patch_norm=True, drop_rate=0.,
            attn_drop_rate=0., drop_path_rate=0.3, use_abs_pos_embed=False, act_cfg=dict(type='GELU'),
            norm_cfg=backbone_norm_cfg),
        decode_head=dict(
            type='UPerHead', in_channels=[96, 192, 384, 768], in_index=[0, 1, 2, 3],
            pool_scales=(1, 2, 3, 6), channels=512, dropout_ratio=0.1, num_classes=19,
            norm_cfg=norm_cfg, align_corners=False,
            loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0)),
        auxiliary_head=dict(
            type='FCNHead', in_channels=384, in_index=2, channels=256, num_convs=1, concat_input=False,
            dropout_ratio=0.1, num_classes=19, norm_cfg=norm_cfg, align_corners=False,
            loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=0.4)),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'))
    """,
    "ade20k.py": """
    dataset_type = 'ADE20KDataset'
    data_root = 'data/ade/ADEChallengeData2016'
    crop_size = (512, 512)
    train_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations', reduce_zero_label=True),
        dict(type='RandomResize', scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
        dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'),
        dict(type='PackSegInputs')
    ]
    test_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(2048, 512), keep_ratio=True),
        dict(type='LoadAnnotations', reduce_zero_label=True),
        dict(type='PackSegInputs')
    ]
    img_ratios = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    tta_pipeline = [
        dict(type='LoadImageFromFile', backend_args=None),
        dict(
            type='TestTimeAug',
            transforms=[
                [
                    dict(type='Resize', scale_factor=r, keep_ratio=True)
                    for r in img_ratios
                ],
                [
                    dict(type='RandomFlip', prob=0., direction='horizontal'),
                    dict(type='RandomFlip', prob=1., direction='horizontal')
                ], [dict(type='LoadAnnotations')], [dict(type='PackSegInputs')]
            ])
    ]
    train_dataloader = dict(
        batch_size=4, num_workers=4, persistent_workers=True,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        dataset=dict(
            type=dataset_type, data_root=data_root,
            data_prefix=dict(img_path='images/training', seg_map_path='annotations/training'),
            pipeline=train_pipeline))
    val_dataloader = dict(
        batch_size=1, num_workers=4, persistent_workers=True,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type=dataset_type, data_root=data_root,
            data_prefix=dict(img_path='images/validation', seg_map_path='annotations/validation'),
            pipeline=test_pipeline))
    test_dataloader = val_dataloader
    val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
    test_evaluator = val_evaluator
    """,
    "runtime.py": """
    default_scope = 'mmseg'
    env_cfg = dict(cudnn_benchmark=True, dist_cfg=dict(backend='nccl'), )
    vis_backends = [dict(type='LocalVisBackend')]
    visualizer = dict(type='SegLocalVisualizer', vis_backends=vis_backends, name='visualizer')
    log_processor = dict(by_epoch=False)
    log_level = 'INFO'
    load_from = None
    resume = False
    tta_model = dict(type='SegTTAModel')
    optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005)
    optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, clip_grad=None)
    param_scheduler = [dict(type='PolyLR', eta_min=1e-4, power=0.9, begin=0, end=160000, by_epoch=False)]
    train_cfg = dict(type='IterBasedTrainLoop', max_iters=160000, val_interval=16000)
    val_cfg = dict(type='ValLoop')
    test_cfg = dict(type='TestLoop')
    default_hooks = dict(
        timer=dict(type='IterTimerHook'),
        logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
        param_scheduler=dict(type='ParamSchedulerHook'),
        checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=16000),
        sampler_seed=dict(type='DistSamplerSeedHook'),
        visualization=dict(type='SegVisualizationHook'))
    """,
    "upernet_swin-t.py": """
    _base_ = ['upernet_swin.py', 'ade20k.py', 'runtime.py']
    crop_size = (512, 512)
    data_preprocessor = dict(size=crop_size)
    checkpoint_file = 'https://example.org/swin_tiny.pth'  # noqa
    model = dict(
        data_preprocessor=data_preprocessor,
        backbone=dict(
            init_cfg=dict(type='Pretrained', checkpoint=checkpoint_file), embed_dims=96,
            depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24], window_size=7, use_abs_pos_embed=False,
            drop_path_rate=0.3, patch_norm=True),
        decode_head=dict(in_channels=[96, 192, 384, 768], num_classes=150),
        auxiliary_head=dict(in_channels=384, num_classes=150))
    optim_wrapper = dict(
        _delete_=True, type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=0.00006, betas=(0.9, 0.999), weight_decay=0.01),
        paramwise_cfg=dict(
            custom_keys={
                'absolute_pos_embed': dict(decay_mult=0.),
                'relative_position_bias_table': dict(decay_mult=0.),
                'norm': dict(decay_mult=0.)
            }))
    param_scheduler = [
        dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
        dict(type='PolyLR', eta_min=0.0, power=1.0, begin=1500, end=160000, by_epoch=False, )
    ]
    train_dataloader = dict(batch_size=2)
    val_dataloader = dict(batch_size=1)
    test_dataloader = val_dataloader
    """,
  ]
}
