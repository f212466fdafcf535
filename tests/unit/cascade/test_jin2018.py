"""Import of released weights, on small files of the same make."""

import functools
import hashlib
import http.server
import json
import threading
import zipfile
from collections import OrderedDict

import pytest
import torch

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.checkpoint import load_stage
from unsmear.cascade.config import RELEASED_FILES, PretrainedConfig
from unsmear.cascade.jin2018 import import_pretrained, published_stages
from unsmear.networks.config import PublishedCenterConfig, PublishedPairConfig

STAGES = ("center", "f35", "f26", "f17")
NARROW = {
    "center": PublishedCenterConfig(width=3, colour_width=2),
    "f35": PublishedPairConfig(width=4, blocks=4, colour_width=2, sharing=False),
    "f26": PublishedPairConfig(width=4, blocks=2, colour_width=2),
    "f17": PublishedPairConfig(width=4, blocks=2, colour_width=2),
}
# Widths of the release, and what stands for them here.
WIDTHS = {"center": {144: 3, 64: 2}, "pair": {128: 4, 64: 2, 32: 1}}


def narrow_specs():
    return tuple(spec.model_copy(update={"network": NARROW[spec.name]}) for spec in published_stages())


def narrow_shape(stage, key, shape):
    if stage == "center":
        return [WIDTHS["center"].get(size, size) for size in shape]
    # 32 is a quarter of the trunk in an entry, and the width of the head elsewhere.
    entry = "conv1_B" in key or "conv1_S" in key
    return [WIDTHS["pair"][size] if entry and size == 32 else {128: 4, 64: 2, 32: 2}.get(size, size) for size in shape]


@pytest.fixture
def state_dicts(shared):
    """`state_dict_G` of each stage as the release has it, narrowed."""
    keys = json.loads((shared / "golden" / "jin2018_state_dict.json").read_text())
    torch.manual_seed(0)
    dicts = {}
    for stage in STAGES:
        entries = OrderedDict()
        for key, shape in keys[stage].items():
            entries[key] = torch.randn(narrow_shape(stage, key, shape))
            if len(shape) == 1 and key.endswith("bias"):
                entries[key.replace("bias", "running_mean")] = torch.randn(narrow_shape(stage, key, shape))
                entries[key.replace("bias", "running_var")] = torch.rand(narrow_shape(stage, key, shape))
        dicts[stage] = entries
    return dicts


def write_release(folder, state_dicts):
    """Legacy files, as old torch wrote them, and the config that knows them."""
    folder.mkdir(exist_ok=True)
    files = {}
    for stage, entries in state_dicts.items():
        parameter = torch.nn.Parameter(torch.zeros(3))
        optimizer = torch.optim.Adam([parameter])
        parameter.sum().backward()
        optimizer.step()
        path = folder / RELEASED_FILES[stage].name
        content = {"state_dict_G": entries, "optimizer_G": optimizer.state_dict(), "epoch": 9}
        torch.save(content, path, _use_new_zipfile_serialization=False)
        assert not zipfile.is_zipfile(path)
        raw = path.read_bytes()
        files[stage] = {"name": path.name, "size_bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    return PretrainedConfig(source=str(folder), files=files)


def outputs_in(folder):
    return {stage: folder / stage / "final" / "weights.safetensors" for stage in STAGES}


def test_folder_is_imported_and_running_statistics_are_dropped(tmp_path, state_dicts):
    config = write_release(tmp_path / "release", state_dicts)
    outputs = outputs_in(tmp_path / "models")
    import_pretrained(outputs, config, narrow_specs())
    # Keys, in the release's spelling and ours, that together touch every kind of name.
    pairs = {
        "center": [
            ("conv1_B.weight", "enter.weight"),
            ("LocalGrad3.1.norm4.bias", "trunk.groups.2.1.norm_second.bias"),
            ("fuse4.0.conv2.weight", "trunk.fuses.3.first.weight"),
            ("GlobalGrad.0.conv1.weight", "head.block.point.weight"),
            ("conv3.weight", "head.leave.weight"),
        ],
        "f35": [("generateFrame5.conv1_S2.weight", "networks.1.enter_second.weight")],
        "f26": [("generateFrame2_6.norm3.bias", "networks.0.head.norm.bias")],
        "f17": [("generateFrame1_7.LocalGrad1.0.conv4.weight", "networks.0.trunk.groups.0.0.second.weight")],
    }
    for stage, names in pairs.items():
        loaded = load_stage(outputs[stage])
        ours = loaded.stage.network.state_dict()
        assert loaded.provenance["imported_from"] == RELEASED_FILES[stage].name
        assert not loaded.stage.spec.equalise
        assert len(ours) == sum("running" not in key for key in state_dicts[stage])
        for released, name in names:
            assert torch.equal(ours[name], state_dicts[stage][released])
    assert Cascade.load(list(outputs.values()))(torch.rand(1, 3, 21, 22)).shape == (1, 7, 3, 21, 22)
    assert sorted(p.name for p in (tmp_path / "models" / "center" / "final").iterdir()) == ["weights.safetensors"]


def test_zip_and_single_files_and_url_give_the_same_weights(tmp_path, state_dicts):
    config = write_release(tmp_path / "release", state_dicts)
    import_pretrained(outputs_in(tmp_path / "folder"), config, narrow_specs())
    archive = tmp_path / "release" / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("/evil/../../readme.txt", "not looked at")
        for file in config.files.values():
            packed.write(tmp_path / "release" / file.name, f"models/{file.name}")
    single = tuple(str(tmp_path / "release" / file.name) for file in config.files.values())
    handler = functools.partial(QuietHandler, directory=str(tmp_path / "release"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/all.zip?dl=1"
        for name, source in (("zip", str(archive)), ("files", single), ("url", url)):
            chosen = config.model_copy(update={"source": source})
            import_pretrained(outputs_in(tmp_path / name), chosen, narrow_specs())
            for stage in STAGES:
                same = [outputs_in(tmp_path / place)[stage].read_bytes() for place in ("folder", name)]
                assert same[0] == same[1]
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def refused(tmp_path, config, text):
    outputs = outputs_in(tmp_path / "models")
    with pytest.raises(ValueError, match=text):
        import_pretrained(outputs, config, narrow_specs())
    assert not any(path.exists() for path in outputs.values())


def test_every_unknown_missing_or_misshapen_key_is_listed(tmp_path, state_dicts):
    del state_dicts["f26"]["generateFrame2_6.conv2.weight"]
    state_dicts["f26"]["generateFrame2_6.conv9.weight"] = torch.zeros(1)
    state_dicts["f26"]["generateFrame2_6.norm3.bias"] = torch.zeros(7)
    config = write_release(tmp_path / "release", state_dicts)
    refused(tmp_path, config, r"unknown keys: generateFrame2_6\.conv9\.weight.*missing keys .*head\.enter\.weight")
    refused(tmp_path, config, r"generateFrame2_6\.norm3\.bias has shape \(7,\), expected \(2,\)")


def test_weights_that_are_not_finite_are_refused(tmp_path, state_dicts):
    state_dicts["center"]["conv3.weight"][0, 0, 0, 0] = torch.nan
    refused(tmp_path, write_release(tmp_path / "release", state_dicts), r"conv3\.weight is not finite")


def test_size_and_checksum_are_checked_before_reading(tmp_path, state_dicts):
    config = write_release(tmp_path / "release", state_dicts)
    path = tmp_path / "release" / RELEASED_FILES["f17"].name
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    refused(tmp_path, config, f"size {len(content) - 1} bytes found, {len(content)} expected")
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused(tmp_path, config, "sha256 [0-9a-f]{64} found")
    path.unlink()
    refused(tmp_path, config, rf"{path.name} not found in .*release")


def test_code_in_a_file_is_not_run(tmp_path, state_dicts):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "was_run"), "w"))

    config = write_release(tmp_path / "release", state_dicts)
    path = tmp_path / "release" / RELEASED_FILES["center"].name
    torch.save({"state_dict_G": Evil()}, path, _use_new_zipfile_serialization=False)
    raw = path.read_bytes()
    known = config.files["center"].model_copy(
        update={"size_bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    )
    config = config.model_copy(update={"files": {**config.files, "center": known}})
    refused(tmp_path, config, "cannot be read as torch weights")
    assert not (tmp_path / "was_run").exists()


def test_unsafe_and_damaged_zips_are_refused(tmp_path, state_dicts):
    config = write_release(tmp_path / "release", state_dicts)
    archive = tmp_path / "all.zip"
    config = config.model_copy(update={"source": str(archive)})
    names = [file.name for file in config.files.values()]

    def pack(change=None):
        with zipfile.ZipFile(archive, "w") as packed:
            for name in names:
                info = zipfile.ZipInfo(f"a/{name}")
                content = (tmp_path / "release" / name).read_bytes()
                if change == "link" and name == names[1]:
                    info.external_attr = 0o120777 << 16
                if change == "bomb" and name == names[1]:
                    content = bytes(10_000_000)
                packed.writestr(info, content)
                if change == "double":
                    packed.writestr(f"b/{name}", content)

    for change, text in (("link", "is a link"), ("bomb", "has 10000000 bytes"), ("double", "twice")):
        pack(change)
        refused(tmp_path, config, text)
    pack()
    damaged = bytearray(archive.read_bytes())
    damaged[5000] ^= 255
    archive.write_bytes(damaged)
    refused(tmp_path, config, "torn or damaged|sha256")
    archive.write_bytes(bytes(damaged[:2000]))
    refused(tmp_path, config, "neither a zip nor one of center_v3.pth")


def test_server_that_does_not_have_the_file_is_named_without_its_secrets(tmp_path):
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = PretrainedConfig(source=f"http://127.0.0.1:{server.server_port}/gone.zip?token=secret")
        with pytest.raises(ValueError, match=r"gone\.zip cannot be fetched: the server answered 404") as caught:
            import_pretrained(outputs_in(tmp_path / "models"), config)
        server.shutdown()
    assert "secret" not in str(caught.value)


def test_official_table_is_the_default():
    files = PretrainedConfig().files
    assert [files[stage].size_bytes for stage in STAGES] == [59795213, 229128764, 166788742, 166795248]
    with pytest.raises(ValueError, match="source is empty"):
        PretrainedConfig(source="")
