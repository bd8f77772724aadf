"""DVC's YAML parser as we call it: each text is parsed once, and each caller gets values of its own."""

from __future__ import annotations

import pytest
from dvc.utils import strictyaml
from dvc.utils.serialize import YAMLFileCorruptedError, load_yaml

from ml_assets.dvc._internals import lock
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import write

TEXT = "numbers: [1, 1e-3, 0o10]\nwords: [yes, 12:30]\ndate: 2013-01-01\n"


def test_a_text_is_parsed_once_and_as_dvc_parses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    original = lock._original_parse_yaml

    def counted(text: str, path: object, typ: str = "safe") -> object:
        parsed.append(text)
        return original(text, path, typ)

    monkeypatch.setattr(lock, "_original_parse_yaml", counted)
    lock._parsed.cache_clear()
    found = [strictyaml.parse_yaml(TEXT, "params.yaml") for _ in range(3)]
    assert parsed == [TEXT]
    assert found == [original(TEXT, "params.yaml")] * 3


def test_what_one_caller_changes_no_other_sees() -> None:
    strictyaml.parse_yaml(TEXT, "dvc.yaml")["numbers"].append(2)
    assert strictyaml.parse_yaml(TEXT, "dvc.yaml")["numbers"] == [1, 0.001, 8]


def test_an_edited_file_is_read_anew(project: DvcProject) -> None:
    params = project.root / "params.yaml"
    assert load_yaml(str(params)) == {"offset": 1}
    write(project.root, {"params.yaml": "offset: 2\n"})
    assert load_yaml(str(params)) == {"offset": 2}


def test_a_broken_file_is_named_each_time() -> None:
    for name in ("one.yaml", "other.yaml"):
        with pytest.raises(YAMLFileCorruptedError, match=name):
            strictyaml.parse_yaml("stages: [", name)


def test_text_that_is_about_to_be_rewritten_keeps_its_comments() -> None:
    assert strictyaml.parse_yaml("# why\noffset: 1\n", "params.yaml", typ="rt").ca.comment is not None
