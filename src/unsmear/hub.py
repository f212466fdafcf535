"""Weights of the Hugging Face hub, or of a server that answers as it does: ``hf://user/name``."""

from __future__ import annotations

import json
import os
import re
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

PREFIX = "hf://"
HUB = "https://huggingface.co"
TIMEOUT_S = 60.0
NUM_RETRIES, MAX_WAIT_S = 2, 30.0
MAX_LIST_BYTES = 4 * 2**20
MAX_FILES = 32
MAX_FILE_BYTES = 2**31
# A name may not begin with a dot, so that none leads out of its folder.
_ADDRESS = re.compile(r"hf://(\w[\w.-]*/\w[\w.-]*?)(?:@(\w[\w./-]*))?", re.ASCII)
_WEIGHTS = re.compile(r"[a-z][a-z0-9]*\.safetensors")


class _Stored(BaseModel):
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _File(BaseModel):
    rfilename: str
    size: int | None = Field(None, ge=0)
    lfs: _Stored | None = None


class _Repository(BaseModel):
    """What the hub tells of a repository; the rest of its answer is not read."""

    sha: str = Field(pattern="^[0-9a-f]{40}$")
    siblings: list[_File]


def is_hub_address(source: str | Path) -> bool:
    """Whether ``source`` names a repository of the hub."""
    return str(source).startswith(PREFIX)


def fetch_addresses(sources: Iterable[str | Path]) -> list[str | Path]:
    """Weights files and folders, with those of the hub fetched, as :func:`fetch_hub_weights` does."""
    return [fetch_hub_weights(str(source)) if is_hub_address(source) else source for source in sources]


def fetch_hub_weights(address: str) -> Path:
    """Folder with the weights of a repository, fetched once for each of its commits.

    Only ``{stage}.safetensors`` in the repository's root are fetched, and each is checked against the size and the
    SHA-256 that the hub tells. ``HF_ENDPOINT`` names another server than the hub; tokens are those of
    :func:`~unsmear.fetch.find_token`.

    Parameters
    ----------
    address : ``hf://user/name`` or ``hf://user/name@revision``, a branch, tag or commit

    Raises
    ------
    MissingFileError
        If the hub does not give the repository or a file.
    ValueError
        If the address is none, or what comes is no cascade's weights or too large.
    """
    from unsmear.cache import cache_folder
    from unsmear.fetch import fetch_file, find_token

    name, revision = _read_address(address)
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    if urllib.parse.urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError(f"HF_ENDPOINT is {endpoint}; it needs an address that begins with https:// or http://")
    token = find_token(endpoint)
    found = _ask(f"{endpoint}/api/models/{name}/revision/{urllib.parse.quote(revision, safe='')}", address, token)
    files = [file for file in found.siblings if _WEIGHTS.fullmatch(file.rfilename)]
    if not 0 < len(files) <= MAX_FILES:
        raise ValueError(
            f"{address} holds {len(files)} files such as center.safetensors, a cascade has 1 to {MAX_FILES}; name a "
            "repository that `unsmear export hub` made"
        )
    for file in files:
        if file.size is not None and file.size > MAX_FILE_BYTES:
            raise ValueError(f"{address}: {file.rfilename} has {file.size} bytes, more than {MAX_FILE_BYTES}")
    # Of the commit that was asked about, whatever the branch names by now.
    folder = cache_folder() / "hub" / name / found.sha
    for file in files:
        url = f"{endpoint}/{name}/resolve/{found.sha}/{file.rfilename}"
        size = MAX_FILE_BYTES if file.size is None else file.size
        fetch_file(url, folder / file.rfilename, size, TIMEOUT_S, file.lfs.sha256 if file.lfs else None, token)
    return folder


def _read_address(address: str) -> tuple[str, str]:
    match = _ADDRESS.fullmatch(address)
    if match is None or ".." in address:
        raise ValueError(f"{address} names no repository; write hf://user/name, or hf://user/name@revision")
    return match[1], match[2] or "main"


def _ask(url: str, address: str, token: str | None) -> _Repository:
    from unsmear.fetch import MissingFileError
    from unsmear.http import ChangedError, FetchError, open_session, read_some, request
    from unsmear.retry import Backoff

    def read() -> Any:
        body = b""
        with open_session(token) as session, request(session, f"{url}?blobs=true", TIMEOUT_S) as response:
            while block := read_some(response, 2**16):
                body += block
                if len(body) > MAX_LIST_BYTES:
                    raise ValueError(f"{address}: the list of its files is longer than {MAX_LIST_BYTES} bytes")
        return body

    try:
        return _Repository.model_validate(json.loads(Backoff(NUM_RETRIES, MAX_WAIT_S).call(read)))
    except (FetchError, ChangedError) as error:
        raise MissingFileError(f"{address} cannot be fetched: {error}; fetch it by hand and name its folder") from None
    except (ValidationError, json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"{address}: the server does not answer as the hub does; check HF_ENDPOINT") from None
