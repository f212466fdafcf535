"""The perceptual loss against its definition, and the reading of its weights."""

import hashlib

import pytest
import torch
from torch.nn import functional

from unsmear.losses.config import PerceptualConfig
from unsmear.losses.perceptual import PerceptualLoss, fetch_features, load_perceptual

# VGG16 up to relu3_3, as its authors describe it; places as torchvision counts them.
LAYERS = [(0, 3, 64), (2, 64, 64), "pool", (5, 64, 128), (7, 128, 128), "tap", "pool"]
LAYERS += [(10, 128, 256), (12, 256, 256), (14, 256, 256), "tap"]


@pytest.fixture(scope="module")
def weights():
    """Random weights under torchvision's names, with layers and a classifier that the loss does not use."""
    torch.manual_seed(0)
    state = {}
    for layer in LAYERS:
        if isinstance(layer, tuple):
            place, inputs, outputs = layer
            state[f"features.{place}.weight"] = torch.randn(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5
            state[f"features.{place}.bias"] = 0.1 * torch.randn(outputs)
    return {**state, "features.17.weight": torch.zeros(2), "classifier.0.bias": torch.zeros(2)}


@pytest.fixture
def saved(tmp_path, weights):
    path = tmp_path / "vgg16.pth"
    torch.save(weights, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def features(pictures, weights, imagenet_norm):
    x = pictures
    if imagenet_norm:
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        x = (x - mean.to(x)[:, None, None]) / deviation.to(x)[:, None, None]
    found = []
    for layer in LAYERS:
        if layer == "tap":
            found.append(x)
        elif layer == "pool":
            height, width = x.shape[-2] // 2 * 2, x.shape[-1] // 2 * 2
            x = x[..., :height, :width].unflatten(-1, (-1, 2)).unflatten(-3, (-1, 2)).amax(dim=(-1, -3))
        else:
            kernel = weights[f"features.{layer[0]}.weight"].to(x)
            x = functional.conv2d(x, kernel, weights[f"features.{layer[0]}.bias"].to(x), padding=1).clamp(min=0)
    return found


@pytest.mark.parametrize("imagenet_norm", [True, False])
def test_distance_is_that_of_the_definition(saved, weights, imagenet_norm, tmp_path):
    path, digest = saved
    fetch_features(PerceptualConfig(weights=str(path), sha256=digest), tmp_path / "vgg16.safetensors")
    loss = load_perceptual(tmp_path / "vgg16.safetensors", imagenet_norm)
    torch.manual_seed(1)
    predicted, truth = torch.rand(2, 2, 2, 3, 13, 10)
    value = loss(predicted, truth)
    assert value.shape == (2,)
    for sample in range(2):
        pairs = zip(
            features(predicted[sample], weights, imagenet_norm),
            features(truth[sample], weights, imagenet_norm),
            strict=True,
        )
        expected = sum(((a - b) ** 2).mean() for a, b in pairs)
        torch.testing.assert_close(value[sample], expected)
    assert [tuple(f.shape[1:]) for f in loss.look(truth[0])] == [(128, 6, 5), (256, 3, 2)]
    assert torch.equal(loss(truth, truth), torch.zeros(2))


def test_normalisation_matters_and_nothing_of_it_is_trained(weights):
    torch.manual_seed(2)
    predicted, truth = torch.rand(2, 1, 1, 3, 8, 8)
    values = []
    for imagenet_norm in (True, False):
        loss = PerceptualLoss(imagenet_norm)
        loss.load_state_dict({key: weights[key] for key in loss.state_dict()})
        values.append(loss(predicted, truth))
        assert not any(p.requires_grad for p in loss.parameters())
    assert values[0] > 2 * values[1]


def test_gradients_are_right(weights):
    loss = PerceptualLoss().double()
    loss.load_state_dict({key: weights[key] for key in loss.state_dict()})
    torch.manual_seed(3)
    predicted = torch.rand(1, 1, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    truth = torch.rand(1, 1, 3, 4, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: loss(x, truth), (predicted,))


def test_wrong_absent_and_foreign_weights_are_refused(tmp_path, saved, weights):
    path, digest = saved
    output = tmp_path / "vgg16.safetensors"
    with pytest.raises(ValueError, match=f"sha256 {digest} found, {'0' * 64} expected"):
        fetch_features(PerceptualConfig(weights=str(path), sha256="0" * 64), output)
    with pytest.raises(ValueError, match="does not exist"):
        fetch_features(PerceptualConfig(weights=str(tmp_path / "none.pth"), sha256=digest), output)
    for key, value, text in (
        ("features.14.bias", None, "has no features.14.bias"),
        ("features.0.bias", torch.zeros(3), "features.0.bias"),
    ):
        changed = {k: v for k, v in {**weights, key: value}.items() if v is not None}
        torch.save(changed, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with pytest.raises(ValueError, match=text):
            fetch_features(PerceptualConfig(weights=str(path), sha256=digest), output)
    assert not output.exists()


def test_torn_layers_are_named(tmp_path):
    (tmp_path / "vgg16.safetensors").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"vgg16.safetensors cannot be read .* delete it"):
        load_perceptual(tmp_path / "vgg16.safetensors")


def test_pictures_too_small_for_the_features_are_refused():
    with pytest.raises(ValueError, match="3 x 9 pixels are too small"):
        PerceptualLoss()(torch.rand(1, 1, 3, 9, 3), torch.rand(1, 1, 3, 9, 3))
