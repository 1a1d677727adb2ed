"""What disturbs values in training is the identity outside it; what it does in training: test_dropout.py."""

from .harness import Row

ROWS = [
    Row("dropout", "3x4x6: dropout 0.5", lambda k: k.layers.Dropout(0.5)),
    Row("spatial_dropout-1d", "4x6: spatial_dropout 0.5", lambda k: k.layers.SpatialDropout1D(0.5)),
    Row("spatial_dropout-2d", "3x4x6: spatial_dropout 0.5", lambda k: k.layers.SpatialDropout2D(0.5)),
    Row("spatial_dropout-3d", "2x3x4x6: spatial_dropout 0.5", lambda k: k.layers.SpatialDropout3D(0.5)),
    Row("drop_path", "3x4x6: drop_path 0.5", lambda k: k.layers.Dropout(0.5, noise_shape=(None, 1, 1, 1))),
    Row("alpha_dropout", "6: alpha_dropout 0.5", lambda k: k.layers.AlphaDropout(0.5)),
    Row("gaussian_dropout", "6: gaussian_dropout 0.5", lambda k: k.layers.GaussianDropout(0.5)),
    Row("gaussian_noise", "6: gaussian_noise 0.5", lambda k: k.layers.GaussianNoise(0.5)),
]
