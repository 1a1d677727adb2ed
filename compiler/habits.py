"""What people type who come from Keras, PyTorch or Darknet, and what to write instead."""

from __future__ import annotations

ARGUMENTS = {
    "padding": "write `pad=valid`, `pad=same`, or `pad=1` for PyTorch's explicit padding",
    "filters": "the number of output channels stands first: `conv 64, 3x3`",
    "out_channels": "the number of output channels stands first: `conv 64, 3x3`",
    "in_channels": "input channels follow from what comes in",
    "in_features": "the number of inputs follows from what comes in",
    "input_shape": "the shape is declared once: `input 224x224x3`",
    "out_features": "the number of outputs stands first: `dense 10`",
    "units": "the number of outputs stands first: `dense 10`",
    "kernel_size": "the window stands behind the channels: `conv 64, 3x3`",
    "pool_size": "the window stands first: `maxpool 3x3`",
    "strides": "write `stride=`",
    "dilation_rate": "write `dilation=`",
    "use_bias": "write `bias=true` or `bias=false`",
    "activation": "write `act=relu`, or `-> relu` for a row of its own",
    "kernel_initializer": "write `init=he_normal`",
    "kernel_regularizer": "write `l2=1e-4`",
    "epsilon": "write `eps=`",
    "rate": "the share that is dropped stands first: `dropout 0.5`",
    "negative_slope": "write `slope=`",
    "num_features": "the number of channels follows from what comes in",
    "name": "write `as NAME` behind the call",
    "return_indices": "write `maxpool_places`",
    "ceil_mode": "write `ceil=true`",
    "count_include_pad": "write `count_pad=true` or `count_pad=false`",
    "output_padding": "write `output_pad=`",
    "data_format": "shapes are written channels last; memory layout is the backend's business",
    "inplace": "it has no meaning here",
}

NAMES = {
    "x": "the value that came in is `input`; sizes are joined with ` x ` between them",
    "int": "write `floor(...)`, `ceil(...)` or `round(...)`",
    "float": "numbers need no conversion",
    "str": 'numbers stand in a path as they are: `as "layer{i}"`',
    "pow": "write `a**b`",
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `none`",
    "self": "there is no `self`: names of a block are seen in all of it",
}

LAYERS = {
    "Conv1D": "conv", "Conv2D": "conv", "Conv3D": "conv", "Conv1d": "conv", "Conv2d": "conv", "Conv3d": "conv",
    "convolution": "conv", "conv2d": "conv", "conv1d": "conv", "conv3d": "conv",
    "convolutional": "conv", "Convolution2D": "conv", "DepthwiseConv2D": "depthwise_conv",
    "SeparableConv2D": "separable_conv", "sepconv": "separable_conv", "dwconv": "depthwise_conv",
    "Conv2DTranspose": "conv_transpose", "ConvTranspose2d": "conv_transpose", "deconv": "conv_transpose",
    "MaxPooling2D": "maxpool", "MaxPool2d": "maxpool", "MaxPool2D": "maxpool", "max_pool": "maxpool", "pool": "maxpool",
    "maxpool2d": "maxpool", "AveragePooling2D": "avgpool", "AvgPool2d": "avgpool", "avg_pool": "avgpool",
    "GlobalAveragePooling2D": "global_avgpool", "AdaptiveAvgPool2d": "adaptive_avgpool", "gap": "global_avgpool",
    "global_average_pooling": "global_avgpool", "global_pool": "global_avgpool",
    "BatchNormalization": "batchnorm", "BatchNorm2d": "batchnorm", "bn": "batchnorm", "batch_norm": "batchnorm",
    "LayerNormalization": "layernorm", "LayerNorm": "layernorm", "layer_norm": "layernorm", "GroupNorm": "groupnorm",
    "Dense": "dense", "Linear": "dense", "linear_layer": "dense", "fc": "dense", "fully_connected": "dense",
    "Flatten": "flatten", "Dropout": "dropout", "ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu",
    "Softmax": "softmax", "Activation": "relu", "Add": "add", "Concatenate": "concat", "cat": "concat",
    "concatenate": "concat", "ZeroPadding2D": "zeropad", "UpSampling2D": "upsample", "Upsample": "upsample",
    "shortcut_add": "add", "route": "concat", "Input": "input", "InputLayer": "input", "Sequential": "model",
}  # fmt: skip
