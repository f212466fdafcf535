"""Picture files of all kinds come in upright, in the right colours and within bounds, or are refused in a sentence."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from unsmear.photos.arrays import as_picture
from unsmear.photos.picture import read_picture
from unsmear.photos.sources import find_photos

RED, GREEN, BLUE, DARK = (200, 30, 20), (40, 180, 60), (30, 60, 210), (90, 90, 90)
CORNERS = np.array([[RED, GREEN], [BLUE, DARK]], np.uint8)


@pytest.fixture
def scene() -> np.ndarray:
    """(40, 48, 3), a colour in each quarter."""
    return CORNERS.repeat(20, axis=0).repeat(24, axis=1)


def corners(pixels: np.ndarray) -> np.ndarray:
    """The colours of the four quarters, (2, 2, 3)."""
    height, width = pixels.shape[:2]
    return pixels[[height // 4, 3 * height // 4]][:, [width // 4, 3 * width // 4]].astype(int)


@pytest.mark.parametrize(
    ("suffix", "tolerance"),
    [
        *[
            (suffix, 0)
            for suffix in ("png", "tif", "bmp", "gif", "ppm", "tga", "ico", "pcx", "sgi", "dds", "qoi", "im")
        ],
        *[("jpg", 9), ("webp", 9), ("avif", 12), ("heic", 12), ("jp2", 6)],
    ],
)
def test_common_formats_give_their_colours(scene, tmp_path, suffix, tolerance):
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(scene).save(path, quality=95)
    picture = read_picture(path)
    assert picture.pixels.dtype == np.uint8
    assert abs(corners(picture.pixels) - CORNERS).max() <= tolerance


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16", "F"])
def test_every_mode_of_pixels(scene, tmp_path, mode):
    grey = np.asarray(Image.fromarray(scene).convert("L"))
    if mode == "PA":
        image = Image.fromarray(scene).quantize(8)
        image.info["transparency"] = 255
    elif mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(Image.fromarray(scene), srgb, lab, outputMode="LAB")
    elif mode in ("I", "I;16"):
        image = Image.fromarray(grey.astype(np.int32 if mode == "I" else np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(grey.astype(np.float32) / 255)
    elif mode == "P":
        image = Image.fromarray(scene).quantize(8)
    else:
        image = Image.fromarray(scene).convert(mode)
    path = tmp_path / f"photo.{ {'P': 'png', 'PA': 'png', 'LA': 'png', 'YCbCr': 'jpg'}.get(mode, 'tif') }"
    image.save(path, quality=95)
    expected = CORNERS.astype(int)
    if mode in ("L", "LA", "I", "I;16", "F"):
        expected = corners(grey[..., None].repeat(3, axis=2))
    if mode == "1":
        expected = corners(np.asarray(Image.fromarray(scene).convert("1").convert("RGB")))
    tolerance = {"YCbCr": 9, "LAB": 5, "P": 12, "PA": 30}.get(mode, 1)
    assert abs(corners(read_picture(path).pixels) - expected).max() <= tolerance


@pytest.mark.parametrize("orientation", range(1, 10))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_pictures_come_the_right_way_up(scene, tmp_path, orientation, suffix):
    image = Image.fromarray(scene[:30])
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo.{suffix}"
    image.save(path, exif=exif, quality=95)
    with Image.open(path) as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    np.testing.assert_array_equal(read_picture(path).pixels, expected)


def test_deep_pictures_are_turned_too(scene, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), scene[..., ::-1].astype(np.uint16) * 257)
    header, rest = path.read_bytes()[:33], path.read_bytes()[33:]
    data = exif.tobytes()[6:]
    chunk = struct.pack(">I", len(data)) + b"eXIf" + data + struct.pack(">I", zlib.crc32(b"eXIf" + data))
    path.write_bytes(header + chunk + rest)
    np.testing.assert_array_equal(read_picture(path).pixels, np.rot90(scene, -1))


@pytest.mark.parametrize(
    ("suffix", "kind", "full", "says"),
    [
        ("png", np.uint16, 65535, None),
        ("png", np.uint16, 4095, "12-bit"),
        ("png", np.uint16, 1023, "10-bit"),
        ("png", np.uint16, 255, "8-bit"),
        ("tif", np.uint16, 65535, None),
        ("tif", np.uint16, 4095, "12-bit"),
        ("tif", np.float32, 1.0, None),
        ("tif", np.float32, 255.0, "float values"),
        ("tif", np.float32, 65535.0, "float values"),
        ("tif", np.float64, 1.0, None),
    ],
)
def test_deep_pictures_are_neither_black_nor_white(scene, tmp_path, suffix, kind, full, says):
    path = tmp_path / f"photo.{suffix}"
    values = (scene / 255 * full * (255 / 210)).round(0 if kind == np.uint16 else 6).clip(0, full).astype(kind)
    if suffix == "png":
        cv2.imwrite(str(path), values[..., ::-1])
    else:
        tifffile.imwrite(path, values, photometric="rgb")
    picture = read_picture(path)
    assert abs(corners(picture.pixels) - np.minimum(CORNERS * (255 / 210), 255)).max() <= 1
    assert (says is None and picture.notes == ()) or says in picture.notes[0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("is_grey", [False, True])
def test_every_tiff_is_turned_once(scene, tmp_path, kind, compression, orientation, is_grey):
    stored = (scene[:30, :, 0] if is_grey else scene[:30]) * kind({"u": 1, "f": 1 / 255}[np.dtype(kind).kind])
    stored = (stored * 257 if kind == np.uint16 else stored).astype(kind)
    tags = [(274, "H", 1, orientation, True)]
    photometric = "minisblack" if is_grey else "rgb"
    tifffile.imwrite(tmp_path / "photo.tif", stored, photometric=photometric, compression=compression, extratags=tags)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = Image.fromarray(scene[:30])
    upright.info["exif"] = exif.tobytes()
    expected = np.asarray(ImageOps.exif_transpose(upright))
    expected = expected[..., :1].repeat(3, axis=2) if is_grey else expected
    np.testing.assert_array_equal(read_picture(tmp_path / "photo.tif").pixels, expected)


@pytest.mark.parametrize("compression", [None, "lzw", "deflate"])
@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_planes_of_colours_are_put_together(scene, tmp_path, kind, compression):
    values = (scene / 255 * (65535 if kind == np.uint16 else 1)).astype(kind).transpose(2, 0, 1)
    options = {"photometric": "rgb", "planarconfig": "separate", "compression": compression}
    tifffile.imwrite(tmp_path / "photo.tif", values, **options)
    assert abs(corners(read_picture(tmp_path / "photo.tif").pixels) - CORNERS).max() <= 1


def test_deep_pictures_of_which_0_is_white_are_no_negatives(scene, tmp_path):
    grey = scene[..., 0].astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "photo.tif", 65535 - grey, photometric="miniswhite")
    np.testing.assert_array_equal(read_picture(tmp_path / "photo.tif").pixels[..., 0], scene[..., 0])


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
@pytest.mark.parametrize("stored", ["unassalpha", "assocalpha"])
def test_deep_transparent_parts_are_white(scene, tmp_path, kind, stored):
    full = 65535 if kind == np.uint16 else 1
    opacity = np.ones((*scene.shape[:2], 1))
    opacity[:20, :24], opacity[20:, :24] = 0, 0.5
    colours = scene / 255 * (opacity if stored == "assocalpha" else 1)
    values = (np.concatenate([colours, opacity], axis=2) * full).astype(kind)
    tifffile.imwrite(tmp_path / "photo.tif", values, photometric="rgb", extrasamples=[stored])
    picture = read_picture(tmp_path / "photo.tif")
    expected = np.array([[(255, 255, 255), GREEN], [(142, 157, 232), DARK]])
    assert abs(corners(picture.pixels) - expected).max() <= 2
    assert picture.notes == ("transparent parts were put on white",)


@pytest.mark.parametrize("opacity", [4095, 65535])
def test_fewer_bits_than_the_files_are_seen_beside_opacity(scene, tmp_path, opacity):
    values = (scene / 255 * 4095).round().astype(np.uint16)
    values = np.concatenate([values, np.full((*scene.shape[:2], 1), opacity, np.uint16)], axis=2)
    cv2.imwrite(str(tmp_path / "photo.png"), values[..., [2, 1, 0, 3]])
    for picture in (read_picture(tmp_path / "photo.png"), as_picture(values)):
        assert abs(corners(picture.pixels) - CORNERS).max() <= 1
        assert "12-bit" in picture.notes[0]


@pytest.mark.parametrize("highlight", [1.02, 3.0, 200.0])
def test_floats_above_white_do_not_make_the_picture_black(scene, highlight):
    values = scene.astype(np.float32) / 255
    values[:2, :2] = highlight
    picture = as_picture(values)
    assert abs(corners(picture.pixels) - CORNERS).max() <= 1
    assert picture.notes == (f"its float values reach {highlight:.6g}; 1 was taken as white",)


def test_what_follows_the_first_page_of_floats_is_said(scene, tmp_path):
    tifffile.imwrite(tmp_path / "photo.tif", np.stack([scene, scene]).astype(np.float32) / 255, photometric="rgb")
    assert read_picture(tmp_path / "photo.tif").notes == ("it holds 2 pictures; the first was taken",)


def test_cut_files_of_floats_end_too_early(scene, tmp_path):
    tifffile.imwrite(tmp_path / "photo.tif", scene.astype(np.float32) / 255, photometric="rgb")
    content = (tmp_path / "photo.tif").read_bytes()
    (tmp_path / "photo.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"photo\.tif ends too early: the file was cut off"):
        read_picture(tmp_path / "photo.tif")


def test_a_png_that_pillow_does_not_know_passes_no_bound(tmp_path):
    Image.new("RGB", (300, 300)).save(tmp_path / "photo.png")
    content = (tmp_path / "photo.png").read_bytes()
    gamma = struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 45455) + b"\0\0\0\0"
    (tmp_path / "photo.png").write_bytes(content[:33] + gamma + content[33:])
    with pytest.raises(ValueError, match=r"photo\.png is a PNG picture without a readable beginning; copy it again"):
        read_picture(tmp_path / "photo.png", max_pixels=1000)


def test_values_that_are_no_numbers_are_black(scene, tmp_path):
    values = scene.astype(np.float32) / 255
    values[:20, :24] = np.nan
    tifffile.imwrite(tmp_path / "photo.tif", values, photometric="rgb")
    picture = read_picture(tmp_path / "photo.tif")
    assert corners(picture.pixels)[0, 0].max() == 0 and "no numbers" in picture.notes[0]


def test_transparent_parts_are_white_and_palettes_may_be_transparent(scene, tmp_path):
    alpha = np.full((*scene.shape[:2], 1), 255, np.uint8)
    alpha[:20, :24] = 0
    rgba = Image.fromarray(np.concatenate([scene, alpha], axis=2))
    rgba.save(tmp_path / "photo.png")
    rgba.save(tmp_path / "photo.gif")
    for name in ("photo.png", "photo.gif"):
        picture = read_picture(tmp_path / name)
        assert corners(picture.pixels)[0, 0].tolist() == [255, 255, 255]
        assert abs(corners(picture.pixels)[1, 1] - DARK).max() <= 2
        assert picture.notes == ("transparent parts were put on white",)


def swapped_profile() -> bytes:
    """An sRGB profile whose red and blue primaries are exchanged, under another name."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    tags = {bytes(data[132 + 12 * i : 136 + 12 * i]): 136 + 12 * i for i in range(count)}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    data[red : red + 8], data[blue : blue + 8] = data[blue : blue + 8], data[red : red + 8]
    return bytes(data).replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_colour_profiles_are_converted_and_said(scene, tmp_path, suffix):
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(scene).save(path, icc_profile=swapped_profile(), quality=95, lossless=True)
    picture = read_picture(path)
    assert abs(corners(picture.pixels) - CORNERS[..., ::-1]).max() <= 9
    assert picture.profiled and "converted from the profile" in picture.notes[0]


def test_deep_pictures_have_their_profile_applied(scene, tmp_path):
    path = tmp_path / "photo.tif"
    tag = (34675, "B", len(swapped_profile()), swapped_profile(), True)
    tifffile.imwrite(path, scene.astype(np.uint16) * 257, photometric="rgb", extratags=[tag])
    assert abs(corners(read_picture(path).pixels) - CORNERS[..., ::-1]).max() <= 1


def test_a_profile_is_srgb_by_its_colours_and_not_by_its_name(scene, tmp_path):
    path = tmp_path / "photo.png"
    for profile, changes in (
        (swapped_profile().replace(*(n.encode("utf-16-be") for n in ("Swap", "sRGB"))), True),
        (ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), False),
    ):
        Image.fromarray(scene).save(path, icc_profile=profile)
        picture = read_picture(path)
        assert bool(picture.notes) == changes
        assert abs(corners(picture.pixels) - (CORNERS[..., ::-1] if changes else CORNERS)).max() <= 1


@pytest.mark.parametrize("profile", [b"nonsense", b""])
def test_broken_profiles_do_no_harm(scene, tmp_path, profile):
    path = tmp_path / "photo.png"
    Image.fromarray(scene).save(path, icc_profile=profile)
    picture = read_picture(path)
    assert (corners(picture.pixels) == CORNERS).all()
    assert not profile or "cannot be used" in picture.notes[0]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif", "avif"])
def test_of_several_pictures_the_first_is_taken_and_said(scene, tmp_path, suffix):
    first = Image.fromarray(scene)
    path = tmp_path / f"photo.{suffix}"
    others = [Image.fromarray(255 - scene), Image.fromarray(scene // 2)]
    first.save(path, save_all=True, append_images=others)
    picture = read_picture(path)
    assert abs(corners(picture.pixels) - CORNERS).max() <= 25
    assert picture.notes == ("it holds 3 pictures; the first was taken",)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif", "heic", "tif", "bmp", "ppm", "jp2"])
def test_cut_files_end_too_early(tmp_path, suffix):
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    whole = path.read_bytes()
    for share in (0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ValueError, match=f"photo.{suffix} (ends too early|is damaged|is no picture)") as caught:
            read_picture(path)
        assert "ends too early" in str(caught.value) or suffix in ("tif", "jp2"), caught.value


def declare(size: int) -> bytes:
    """A PNG that declares size x size px and holds none."""
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


@pytest.mark.parametrize("hidden_in", ["png", "ico", "tif"])
def test_declared_sizes_beyond_the_bound_are_refused(tmp_path, hidden_in):
    path = tmp_path / f"photo.{hidden_in}"
    content = declare(60_000)
    if hidden_in == "ico":
        # The directory says 16 x 16.
        content = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(content), 22) + content
    if hidden_in == "tif":
        tifffile.imwrite(path, np.zeros((8, 8, 3), np.float32), photometric="rgb")
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags["ImageWidth"].overwrite(60_000)
            file.pages[0].tags["ImageLength"].overwrite(60_000)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"more than the 120 megapixels that are read.*--max-megapixels"):
        read_picture(path)


def test_the_bounds_are_the_callers(scene, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(scene).save(path)
    with pytest.raises(ValueError, match=r"more than the 0\.001 megapixels"):
        read_picture(path, max_pixels=1000)
    with pytest.raises(ValueError, match="at most 10 are read, --max-megabytes"):
        read_picture(path, max_bytes=10)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("photo.jpg", b"", "is empty"),
        ("photo.nef", b"MM\x00*", "raw file .* develop it"),
        ("photo.pdf", b"%PDF-1.7", "a PDF; export it"),
        ("photo.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        ("photo.svg", b"<svg xmlns=''/>", "vector drawing"),
        ("photo.jxl", b"\xff\x0a\x00", "JPEG XL"),
        ("photo.fits", b"SIMPLE  =                    T".ljust(2880), "a FITS picture; export it"),
        ("photo.exr", b"\x76\x2f\x31\x01", "OpenEXR"),
        ("photo.jpg", b"<!DOCTYPE html><html>", "web page; save the picture itself"),
        ("photo.zip", b"PK\x03\x04", "zip archive; unpack"),
        ("photo.mp4", struct.pack(">I", 8) + b"ftypisom" + b"\0" * 20, "a video; save one"),
        ("photo.txt", b"hello there", "a text; name a photo"),
        ("photo.jpg", b"\xff\xd8", "a JPEG picture that is damaged or of a rare kind"),
        ("photo.mpg", b"\0\0\x01\xba" + bytes(60), "a video; save one of its frames"),
        ("photo.mov", b"\0\0\0\x08wide" + bytes(60), "a video; save one of its frames"),
        ("photo.jpg", b"\xef\xbb\xbf\n <!DOCTYPE html>" + bytes(60), "a web page; save the picture itself"),
        ("photo.bin", bytes(range(20)), "no picture of a known kind"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_picture(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [np.complex64, np.complex128])
def test_pixels_of_a_rare_kind_are_refused_without_a_decoders_own_words(tmp_path, capfd, kind):
    tifffile.imwrite(tmp_path / "photo.tif", np.zeros((30, 30), kind))
    with pytest.raises(ValueError, match="a TIFF with pixels of a kind that is not read; save it as RGB with 8"):
        read_picture(tmp_path / "photo.tif")
    assert capfd.readouterr().err == ""


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_picture(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="is no file"):
        read_picture(tmp_path)


def test_heic_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("unsmear.photos.picture.register_heif", lambda: False)
    monkeypatch.setattr("unsmear.photos.picture.readable_plugins", lambda: ["PNG", "JPEG"])
    path = tmp_path / "photo.heic"
    path.write_bytes(struct.pack(">I", 24) + b"ftypheic" + b"\0" * 12)
    with pytest.raises(ValueError, match=r"pip install -e '.\[heif\]' in unsmear's clone"):
        read_picture(path)


def test_notes_of_the_camera_are_kept_but_for_what_no_longer_holds(scene, tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x0100] = "Maker", 6, 48
    exif.get_ifd(0x8769)[0x9003] = "2026:11:25 12:00:00"
    exif.get_ifd(0x8769)[0xA002] = 48
    exif.get_ifd(0x8825)[1] = "N"
    Image.fromarray(scene).save(tmp_path / "photo.jpg", exif=exif)
    kept = Image.Exif()
    kept.load(read_picture(tmp_path / "photo.jpg").exif)
    assert dict(kept)[0x010F] == "Maker" and 0x0112 not in kept and 0x0100 not in kept
    assert dict(kept.get_ifd(0x8769)) == {0x9003: "2026:11:25 12:00:00"}
    assert dict(kept.get_ifd(0x8825)) == {1: "N"}


@pytest.mark.parametrize("exif", [b"Exif\0\0broken", b"Exif\0\0II*\0\xff\xff\xff\xff", b"\0" * 40])
def test_broken_notes_count_as_none(scene, tmp_path, exif):
    Image.fromarray(scene).save(tmp_path / "photo.jpg", exif=exif, quality=95)
    picture = read_picture(tmp_path / "photo.jpg")
    assert picture.exif == b"" and abs(corners(picture.pixels) - CORNERS).max() <= 9


def test_a_large_text_in_a_picture_does_no_harm(scene, tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "x" * 30_000_000, zip=True)
    content = io.BytesIO()
    Image.fromarray(scene).save(content, "PNG", pnginfo=text)
    (tmp_path / "photo.png").write_bytes(content.getvalue())
    with pytest.raises(ValueError, match="is damaged"):
        read_picture(tmp_path / "photo.png")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("encoded", [1.0, 1 / 2.2])
def test_the_power_by_which_a_png_is_encoded_is_undone(scene, tmp_path, bits, encoded):
    most = 2**bits - 1
    stored = np.round(most * (scene / 255) ** (2.2 * encoded)).astype(np.uint8 if bits == 8 else np.uint16)
    content = cv2.imencode(".png", stored[..., ::-1])[1].tobytes()
    chunk = b"gAMA" + struct.pack(">I", round(encoded * 1e5))
    path = tmp_path / "photo.png"
    path.write_bytes(content[:33] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + content[33:])
    picture = read_picture(path)
    assert abs(corners(picture.pixels) - CORNERS).max() <= (8 if bits == 8 else 1)
    assert any("by the power" in note for note in picture.notes) == (encoded == 1)


def test_a_grey_of_16_bits_may_be_the_transparent_one(tmp_path):
    content = cv2.imencode(".png", np.array([[20_000, 30_000]], np.uint16))[1].tobytes()
    chunk = b"tRNS" + struct.pack(">H", 20_000)
    path = tmp_path / "photo.png"
    path.write_bytes(content[:33] + struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk)) + content[33:])
    picture = read_picture(path)
    assert picture.pixels[0, :, 0].tolist() == [255, 117]
    assert "transparent" in picture.notes[0]


@pytest.mark.parametrize("kind", [np.int16, np.uint32, np.int32, np.uint64])
def test_the_white_of_integers_is_their_types_and_not_the_largest_value(scene, tmp_path, kind):
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, (scene / 255 * 0.999999 * np.iinfo(kind).max).astype(kind), photometric="rgb")
    assert abs(corners(read_picture(path).pixels) - CORNERS).max() <= 1


def test_tiffs_packed_as_webp_are_read(scene, tmp_path, capfd):
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, scene, compression="webp", photometric="rgb")
    assert abs(corners(read_picture(path).pixels) - CORNERS).max() <= 9
    assert not capfd.readouterr().err


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.95, 0.99])
@pytest.mark.parametrize("is_big", [False, True])
def test_tiffs_cut_before_their_directory_end_too_early(scene, tmp_path, share, is_big):
    path = tmp_path / "photo.tif"
    noisy = np.random.default_rng(0).integers(0, 256, scene.shape).astype(np.uint8)
    Image.fromarray(noisy).save(path, compression="tiff_lzw", big_tiff=is_big)
    content = path.read_bytes()
    assert read_picture(path).pixels.shape == scene.shape
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match="ends too early"):
        read_picture(path)


def test_litter_in_a_folder_of_photos_is_passed_over(tmp_path):
    for name in ("a.png", "._a.png", ".hidden.jpg", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"x")
    assert find_photos([tmp_path]) == [str(tmp_path / "a.png")]


@pytest.mark.parametrize(
    ("codes", "note"),
    [((9, 16), "its colours are HDR (PQ)"), ((12, 13), "its colours are those of Display P3"), ((1, 13), None)],
)
@pytest.mark.parametrize("suffix", ["png", "avif"])
def test_colours_named_by_other_numbers_than_srgbs_are_said(scene, tmp_path, suffix, codes, note):
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(scene).save(path)
    content = path.read_bytes()
    if suffix == "png":
        data = b"cICP" + bytes([*codes, 0, 1])
        content = content[:33] + struct.pack(">I", 4) + data + struct.pack(">I", zlib.crc32(data)) + content[33:]
    else:
        place = content.index(b"colrnclx") + 8
        content = content[:place] + struct.pack(">HH", *codes) + content[place + 4 :]
    path.write_bytes(content)
    notes = read_picture(path).notes
    assert notes == () if note is None else notes[0].startswith(note)
