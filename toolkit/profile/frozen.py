"""A profile as one file, read back to the bit (floor 3): its counts, and its sampled rows where they may be kept.

With the rows a diagnosis is computed again without the log; with the counts alone every total and plot is.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import PostmortemError
from toolkit.profile.model import Codes, Cube, Profile, Sample

FORMAT: Final = "toolkit.profile/1"
#: The most that a frozen profile may unpack to, in bytes.
LARGEST: Final = 2 * 1024**3
_ABOUT: Final = "about"


def freeze(profile: Profile, *, rows: bool) -> bytes:
    """Give a profile as the bytes of an ``.npz`` file; ``rows`` keeps the sampled rows too."""
    kept = profile if rows else replace(profile, sample=profile.sample.take(np.zeros(len(profile.sample), dtype=bool)))
    arrays: dict[str, NDArray[Any]] = {}
    body = {f.name: _packed(getattr(kept, f.name), arrays) for f in fields(Profile)}
    about = json.dumps({"format": FORMAT, "sampled": rows, **body}, ensure_ascii=False)
    made = io.BytesIO()
    np.savez_compressed(made, **{_ABOUT: np.frombuffer(about.encode(), dtype=np.uint8)}, **arrays)  # type: ignore[arg-type]
    return made.getvalue()


def thaw(content: bytes, where: str = "") -> tuple[Profile, bool]:
    """Give the profile of a frozen one, and whether its sampled rows are there.

    Raises:
        PostmortemError: it is none, or unpacks to more than any profile holds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > LARGEST:
                raise ValueError("too large")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = json.loads(arrays[_ABOUT].tobytes())
            if about["format"] != FORMAT:
                raise ValueError(str(about["format"])[:40])
            body = {f.name: _unpacked(about[f.name], arrays) for f in fields(Profile) if f.name in about}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        what = f"the frozen profile cannot be read: {type(error).__name__}"
        raise PostmortemError(what, where=where, fix="publish it again") from None
    return Profile(**body), bool(about["sampled"])


def _packed(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Turn a value into JSON, its numeric arrays put aside under a name."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "OUS":
            return {"texts": [None if v is None else str(v) for v in value]}
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, Codes):
        return {"names": list(value.names), "codes": _packed(value.codes, arrays)}
    if isinstance(value, Sample | Cube):
        kind = type(value).__name__
        return {"kind": kind, "fields": {f.name: _packed(getattr(value, f.name), arrays) for f in fields(value)}}
    if isinstance(value, Mapping):
        return {"map": [[key, _packed(part, arrays)] for key, part in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_packed(part, arrays) for part in value]}
    return value.item() if isinstance(value, np.generic) else value


def _unpacked(value: Any, arrays: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "texts" in value:
        return np.array(value["texts"], dtype=object)
    if "array" in value:
        return arrays[value["array"]]
    if "names" in value:
        return Codes(tuple(value["names"]), _unpacked(value["codes"], arrays))
    if "kind" in value:
        made = {"Sample": Sample, "Cube": Cube}[value["kind"]]
        return made(**{name: _unpacked(part, arrays) for name, part in value["fields"].items()})
    if "map" in value:
        return {key: _unpacked(part, arrays) for key, part in value["map"]}
    return tuple(_unpacked(part, arrays) for part in value["tuple"])
