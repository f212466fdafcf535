"""Which picture files can be read, and what to say of the others."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path

from PIL import Image

from unsmear.photos.tiff import TIFF_BEGINNINGS, tiff_ends_early

# Plugins of Pillow that run another program, know the name of a format and nothing else, or leave out its scales.
REFUSED_PLUGINS = {"EPS", "WMF", "MPEG", "BUFR", "GRIB", "HDF5", "FITS", "FPX", "MIC"}
RAW_SUFFIXES = {".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw"}
RAW_SUFFIXES |= {".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
HEIF_SUFFIXES = {".heic", ".heif", ".hif"}
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
_EXPORT = "export it as JPEG, PNG or TIFF"
_VIDEO = "a video; save one of its frames as a picture"
_RARE_TIFF = "a TIFF with pixels of a kind that is not read; save it as RGB with 8 or 16 bits a colour"
_BEGINNINGS = {
    b"\xff\xd8": f"a JPEG picture that is damaged or of a rare kind; copy it again from where it came, or {_EXPORT}",
    **dict.fromkeys(TIFF_BEGINNINGS, _RARE_TIFF),
    b"\x89PNG": "a PNG picture without a readable beginning; copy it again from where it came",
    b"%PDF": f"a PDF; {_EXPORT}",
    b"%!PS": f"a PostScript file; {_EXPORT}",
    b"\xc5\xd0\xd3\xc6": f"a PostScript file; {_EXPORT}",
    b"\xd7\xcd\xc6\x9a": f"a Windows metafile; {_EXPORT}",
    b"\xff\x0a": f"a JPEG XL picture; {_EXPORT}",
    b"\x00\x00\x00\x0cJXL ": f"a JPEG XL picture; {_EXPORT}",
    b"\x76\x2f\x31\x01": f"an OpenEXR picture; {_EXPORT}",
    b"SIMPLE  =": f"a FITS picture; {_EXPORT}",
    b"#?RADIANCE": f"a Radiance HDR picture; {_EXPORT}",
    b"PK\x03\x04": "a zip archive; unpack it and name the pictures in it",
    b"\x1f\x8b": "a gzip archive; unpack it and name the pictures in it",
    b"\x1aE\xdf\xa3": _VIDEO,
    b"\0\0\x01\xba": _VIDEO,
    b"\0\0\x01\xb3": _VIDEO,
    b"\x30\x26\xb2\x75": _VIDEO,
    b"OggS": _VIDEO,
    b"FLV\x01": _VIDEO,
    b"<svg": "a vector drawing (SVG); a drawing has no motion blur, name a photo",
    b"<?xml": "an XML file; name a photo",
    b"<!DOCTYPE": "a web page; save the picture itself from it",
    b"<!doctype": "a web page; save the picture itself from it",
    b"<html": "a web page; save the picture itself from it",
}


def readable_plugins() -> list[str]:
    """Names of the formats that are tried."""
    Image.init()
    return [name for name in Image.OPEN if name not in REFUSED_PLUGINS]


def register_heif() -> bool:
    """Let Pillow read HEIC, where pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener()
    return True


def picture_suffixes() -> set[str]:
    """Suffixes, with a dot and in lower case, that make a file in a folder a picture."""
    register_heif()
    Image.init()
    readable = {suffix for suffix, kind in Image.registered_extensions().items() if kind not in REFUSED_PLUGINS}
    return (readable - {".pdf"}) | HEIF_SUFFIXES | RAW_SUFFIXES


def name_unreadable(path: Path) -> str:
    """What a file is that no decoder knows, and what to do with it: the end of a message."""
    with path.open("rb") as stream:
        head = stream.read(64)
    if path.suffix.lower() in RAW_SUFFIXES:
        return f"a camera's raw file ({path.suffix}); develop it and {_EXPORT}"
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for beginning, words in _BEGINNINGS.items():
        if head.startswith(beginning) or (beginning.startswith(b"<") and text.startswith(beginning)):
            return words
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIF_BRANDS or path.suffix.lower() in HEIF_SUFFIXES:
            return "a HEIC picture, and packages for it are missing; pip install -e '.[heif]' in unsmear's clone"
        if head[8:12] in (b"avif", b"avis"):
            return f"no picture that can be read, though it begins as AVIF; {_EXPORT}"
        return _VIDEO
    if head[4:8] in (b"moov", b"mdat", b"wide") or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return _VIDEO
    if head and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return "a text; name a photo"
    return f"no picture of a known kind; {_EXPORT}"


def ends_early(path: Path) -> bool:
    """Whether a container announces more bytes than the file has: RIFF (WebP), ISO media (AVIF, HEIC) and TIFF."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] == b"RIFF" and len(head) == 12:
            return struct.unpack("<I", head[4:8])[0] + 8 > size
        if head[:4] in TIFF_BEGINNINGS:
            return tiff_ends_early(path)
        if head[4:8] != b"ftyp":
            return False
        place = 0
        while place < size:
            stream.seek(place)
            box = stream.read(16)
            if len(box) < 8:
                return True
            length = struct.unpack(">I", box[:4])[0]
            if length == 1 and len(box) == 16:
                length = struct.unpack(">Q", box[8:])[0]
            elif length == 0:
                return False
            if length < 8 or place + length > size:
                return True
            place += length
    return False
