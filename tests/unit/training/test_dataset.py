from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from unsmear.training.augment import add_noise, turn_pictures
from unsmear.training.dataset import CropDataset, PictureDataset
from unsmear.training.sequences import SequenceStores
from unsmear.training.stores import SplitStores

ALL = range(1, 8)


def test_a_crop_is_the_same_place_of_one_group(stores):
    samples = CropDataset(stores["train"], crop=16, seed=3, length=8, frames=ALL)
    for index in range(8):
        blurry, sharp, turn = (part[0] for part in samples[index])
        assert blurry.shape == (16, 16, 3) and sharp.shape == (7, 16, 16, 3) and turn.shape == (4,)
        # The stores' blur is the rounded mean of the frames, so a crop's must be as well.
        assert (sharp.double().mean(0) - blurry.double()).abs().max() <= 0.5


def test_samples_depend_on_seed_and_index_alone(stores):
    first, again = (CropDataset(stores["train"], 16, seed=3, length=64, frames=ALL) for _ in range(2))
    _ = [again[index] for index in (5, 60, 2)]
    assert all(torch.equal(a, b) for a, b in zip(first[17], again[17], strict=True))
    other = CropDataset(stores["train"], 16, seed=4, length=64, frames=ALL)
    assert any(not torch.equal(first[i][0], other[i][0]) for i in range(4))


def test_every_epoch_visits_each_group_once(stores):
    samples = CropDataset(stores["train"], 16, seed=0, length=40, frames=ALL)
    groups = [samples.group_of(index) for index in range(40)]
    for epoch in range(10):
        assert sorted(groups[4 * epoch : 4 * epoch + 4]) == sorted(stores["train"].groups)
    assert len({tuple(groups[4 * epoch : 4 * epoch + 4]) for epoch in range(10)}) > 1


def test_only_frames_asked_for_are_given(stores):
    everything = CropDataset(stores["train"], 16, 0, 4, ALL)[1][1]
    some = CropDataset(stores["train"], 16, 0, 4, frames=(3, 5))[1][1]
    assert torch.equal(some, everything[:, [2, 4]])


def test_a_crop_larger_than_the_picture_is_refused(stores):
    with pytest.raises(ValueError, match=r"crop of 64 pixels does not fit sequence 00. of 48 x 48"):
        CropDataset(stores["train"], 64, 0, 4, ALL)


def test_blur_that_does_not_match_its_frames_is_refused(stores, tmp_path):
    blur = tmp_path / "blur" / "train" / "000.npy"
    np.save(blur, np.load(blur)[:1])
    frames = tmp_path / "frames" / "train" / "000.npy"
    changed = SequenceStores(split="train", sequence="000", frames=str(frames), blur=str(blur))
    with pytest.raises(ValueError, match=r"000.npy has shape \(1, 48, 48, 3\), but its frames give 2 groups"):
        SplitStores.open("train", 7, [changed])


def test_memory_maps_do_not_travel_to_workers(stores):
    samples = CropDataset(stores["train"], 16, 0, 4, ALL)
    _ = samples[0]
    assert len(pickle.dumps(samples)) < 10_000
    copy = pickle.loads(pickle.dumps(samples))
    assert torch.equal(copy[2][1], samples[2][1])


def test_whole_pictures_come_in_order(stores):
    pictures = PictureDataset(stores["val"], frames=(3, 5))
    assert len(pictures) == 2 and pictures[1][1].shape == (2, 48, 48, 3)
    frames = np.load(next(iter(stores["val"].frames.values())))
    assert np.array_equal(pictures[1][1].numpy(), frames[[9, 11]])


def test_turns_apply_to_each_sample_by_itself():
    pictures = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    turn = torch.tensor([[True, False, False], [False, True, True]])
    turned = turn_pictures(pictures, turn, mirror_x=True, mirror_y=True, transpose=True)
    assert torch.equal(turned[0], pictures[0].flip(-1))
    assert torch.equal(turned[1], pictures[1].flip(-2).transpose(-1, -2))
    assert torch.equal(turn_pictures(pictures, turn, mirror_x=False, mirror_y=False, transpose=False), pictures)


def test_noise_depends_on_seed_and_step():
    light = torch.full((2, 3, 64, 64), 0.5)
    noisy = add_noise(light, 0.01, seed=1, step=7)
    assert torch.equal(noisy, add_noise(light, 0.01, seed=1, step=7))
    assert not torch.equal(noisy, add_noise(light, 0.01, seed=1, step=8))
    assert abs(float((noisy - light).std()) - 0.01) < 5e-4
    assert torch.equal(add_noise(light, 0.0, 1, 7), light)
