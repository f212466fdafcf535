"""What a file is by its first bytes, for messages about files that are not what their names say."""

from __future__ import annotations

KINDS = {
    b"\x1f\x8b": "a gzip or .tar.gz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"PK": "a zip",
    b"\x89PNG": "a PNG",
    b"\xff\xd8\xff": "a JPEG",
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"RIFF": "a WebP or AVI",
    b"\x76\x2f\x31\x01": "an OpenEXR",
    b"%PDF": "a PDF",
}


def describe_content(head: bytes) -> str:
    """What a file is, and what to do where a download left it; ``head`` is its first 512 bytes or so."""
    if not head.strip(b"\0"):
        return "nothing but zeros; fetch it again" if head else "empty; fetch it again"
    if head.startswith(b"version https://git-lfs.github.com/"):
        return "a Git LFS pointer; run git lfs pull, or fetch the file itself"
    if b"annex/objects/" in head[:64]:
        return "a git-annex pointer; run git annex get, or fetch the file itself"
    for start, kind in KINDS.items():
        if head.startswith(start):
            return kind
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[4:8] == b"ftyp":
        return "a film, or a HEIF or AVIF picture"
    return _describe_text(head)


def _describe_text(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").decode("utf-8", "replace")
    again = "the server answered with an error, fetch the file again"
    if text.startswith("<"):
        return f"a web page; {again}"
    if not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() or not text:
        return "of an unknown kind"
    line = text.splitlines()[0].strip()
    quoted = f'"{line[:60]}{"..." if len(line) > 60 else ""}"'
    if text.startswith(("{", "[")):
        return f"a server's message ({quoted}); {again}"
    return f"text ({quoted}); if a download left it, {again}"
