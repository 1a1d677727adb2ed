"""Small models of every kind, in .cnn."""

CLASSIFIER = """
model Net(classes=10):
    input 8x8x1
    conv 8, 3x3, pad=same -> batchnorm -> relu
    conv 16, 3x3, stride=2, pad=same -> batchnorm -> relu
    global_avgpool
    dense classes -> softmax
"""

UNET = """
block double(width):
    repeat 2:
        conv width, 3x3, pad=same -> batchnorm -> relu

block up(width, skip):
    conv_transpose width, 2x2, stride=2
    concat skip
    double width

model Net(classes=1, width=8):
    input 32x32x1
    double width as a
    maxpool 2
    double 2 * width as b
    maxpool 2
    double 4 * width
    up 2 * width, b
    up width, a
    conv classes, 1x1 -> sigmoid
"""

SERIES = """
model Net(length=50, classes=2):
    input length x 1
    conv 16, 8, pad=same -> batchnorm -> relu
    conv 32, 5, pad=same -> batchnorm -> relu
    global_avgpool
    dense classes -> softmax
"""

VOLUMES = """
model Net(classes=3):
    input 16x16x16x1
    conv 8, 3, pad=same -> batchnorm -> relu
    maxpool 2
    conv 16, 3, pad=same -> batchnorm -> relu
    conv 32, 3, pad=same -> batchnorm -> relu
    global_avgpool
    dense classes -> softmax
"""

VALUES = """
model Net(values=1):
    input 16x16x1
    conv 8, 3x3, stride=2, pad=same, act=relu
    conv 16, 3x3, stride=2, pad=same, act=relu
    flatten
    dense 32, act=relu
    dense values
"""

TAGS = VALUES.replace("values", "classes") + "    sigmoid\n"

AUTOENCODER = """
model Net:
    input 8x8x1
    conv 16, 3x3, stride=2, pad=same, act=relu
    conv 16, 3x3, stride=2, pad=same, act=relu
    conv_transpose 16, 2x2, stride=2, act=relu
    conv_transpose 1, 2x2, stride=2
    sigmoid
"""

VAE = """
model Net(latent=4):
    input 8x8x1
    conv 16, 3x3, stride=2, pad=same, act=relu -> flatten -> dense 32, act=relu as body
    mean = body -> dense latent
    variance = body -> dense latent
    mean -> dense 256, act=relu -> reshape 4x4x16
    conv_transpose 1, 2x2, stride=2 -> sigmoid as again
    output again, mean, variance

train:
    data digits
    loss binary_cross_entropy, reduce=sum
    loss kl_normal, on=(mean, variance), reduce=sum, weight=0.1
    optimizer adam, lr=3e-3
    epochs 3
"""

EMBEDDING = """
block embedding(width):
    conv 16, 3x3, pad=same -> batchnorm -> relu
    conv 32, 3x3, stride=2, pad=same -> batchnorm -> relu
    flatten
    dense width

model Single(width=8):
    input 8x8x1
    embedding width

model Twins(width=8):
    left = input 8x8x1
    right = input 8x8x1
    share embed = embedding width
    a = left -> embed
    b = right -> embed
    output a, b

model Triplets(width=8):
    anchor = input 8x8x1
    positive = input 8x8x1
    negative = input 8x8x1
    share embed = embedding width
    a = anchor -> embed
    p = positive -> embed
    n = negative -> embed
    output a, p, n
"""
