"""What the text of a .dvc file names: paths and their hashes, without importing DVC."""

from __future__ import annotations

import posixpath

import yaml

from ml_assets.dvc.lockfile import outputs_in
from ml_assets.dvc.parts import META, whole_entry
from ml_assets.dvc.yaml12 import Loader


def content_of(text: str) -> str:
    """DVC's hash of the folder, or the text itself where it has none.

    Texts differ for equal content: a granular add leaves out the folder's size, and parts are many outputs.
    """
    outs = outputs_in(text)
    try:
        content = yaml.load(text, Loader)  # noqa: S506 - the C variant of the safe loader
        name = str(outs[0]["path"]).partition("/")[0]
        return str((whole_entry(content, name) or {})["md5"])
    except (yaml.YAMLError, KeyError, IndexError, TypeError):
        return text


def named_paths(file: str, text: str) -> dict[str, str]:
    """Path from the root → hash, of what the .dvc file `file` tracks; a folder in parts is one path.

    What has no md5 (an import from elsewhere) has the text for a hash: it tells versions apart.
    """
    try:
        content = yaml.load(text, Loader)  # noqa: S506 - the C variant of the safe loader
    except yaml.YAMLError:
        return {}
    outs = outputs_in(text)
    wdir = posixpath.join(posixpath.dirname(file), str(content.get("wdir") or ".")) if outs else ""
    name = posixpath.basename(file).removesuffix(".dvc")
    divided = META in (content.get("meta") or {}) if outs else False
    if divided and (whole := whole_entry(content, name)):
        outs = ({**whole, "path": name},)
    return {
        posixpath.normpath(posixpath.join(wdir, str(out["path"]))): str(out.get("md5") or text)
        for out in outs
        if "path" in out
    }
