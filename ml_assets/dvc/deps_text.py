"""Adds dependencies to stages in the text of a dvc.yaml, and changes no other byte of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ml_assets.dvc.sequence_text import insert_items, insert_list, written_list
from ml_assets.dvc.text_edit import Edit, applied
from ml_assets.dvc.yaml_text import Alias, Items, Node, Pairs, Scalar, read_tree, real


class NotEditable(ValueError):
    """The text says a stage in a way in which nothing can be added to it alone."""

    def __init__(self, stage: str, reason: str) -> None:
        self.stage = stage
        self.reason = reason
        super().__init__(f"stage '{stage}': {reason}")


@dataclass(frozen=True)
class _Stage:
    """A stage with what it shall get: `own` is the value of its own key `deps`, `deps` what that comes to."""

    name: str
    definition: Pairs
    own: Node | None
    deps: Items | None
    added: tuple[str, ...]

    @property
    def defines(self) -> bool:
        """Whether the sequence stands in this stage, rather than behind an alias."""
        return self.own is not None and self.own is self.deps

    def all_deps(self) -> list[str]:
        return [*(_path(self, item) for item in (self.deps.items if self.deps else ())), *self.added]


def add_deps(text: str, added: Mapping[str, Sequence[str]]) -> str:
    """The text of a dvc.yaml with more `deps`: name of a stage or a template → paths as the file says them.

    Where stages share a sequence by an anchor, and shall not get the same, each gets one of its own.

    Raises:
        NotEditable: a stage is written in a way that leaves no place for it.
    """
    stages = list(_stages(text, added))
    for name in set(added).difference(stage.name for stage in stages):
        raise NotEditable(name, "it is not in the stages of the file")
    result = applied(text, [edit for stage in stages for edit in _edits(text, stage, stages)])
    expected = _with_added(_loaded(text), added)
    try:
        understood = _loaded(result) == expected
    except YAMLError:
        understood = False
    if not understood:
        raise NotEditable(next(iter(added), ""), "its layout is not understood")
    return result


def _stages(text: str, added: Mapping[str, Sequence[str]]) -> Iterator[_Stage]:
    tree = read_tree(text)
    stages = tree.get("stages") if isinstance(tree, Pairs) else None
    for key, entry in stages.pairs if isinstance(stages, Pairs) else ():
        name = key.value if isinstance(key, Scalar) else ""
        definition = _definition(entry)
        if definition is not None:
            deps = definition.get("deps")
            yield _Stage(
                name=name,
                definition=definition,
                own=definition.own("deps"),
                deps=deps if isinstance(deps, Items) else None,
                added=tuple(added.get(name, ())),
            )


def _definition(entry: Node) -> Pairs | None:
    """Where a stage says its deps: below `do` where it is a template for many."""
    whole = real(entry)
    if isinstance(whole, Pairs) and whole.get("foreach") is not None:
        whole = whole.get("do")
    return whole if isinstance(whole, Pairs) else None


def _edits(text: str, stage: _Stage, stages: Sequence[_Stage]) -> Iterator[Edit]:
    twins = [other for other in stages if other.definition is stage.definition]
    if any(other.added != stage.added for other in twins):
        raise NotEditable(stage.name, f"it shares its whole definition with '{twins[-1].name}' by an anchor")
    sharers = [other for other in stages if stage.deps is not None and other.deps is stage.deps]
    together = all(other.added == stage.added for other in sharers) and any(each.defines for each in sharers)
    if stage.defines and stage.deps is not None:
        if stage.added:
            yield from insert_items(text, stage.deps, stage.added)
    elif not together and any(other.added for other in (stage, *(each for each in sharers if each.defines))):
        yield _own_list(text, stage)


def _own_list(text: str, stage: _Stage) -> Edit:
    """A sequence of the stage's own, with what it had until now through an alias or a merge."""
    if isinstance(stage.own, Alias):
        return Edit(stage.own.start, stage.own.end, written_list(stage.all_deps()))
    if not stage.definition.pairs:
        raise NotEditable(stage.name, "it has no key of its own")
    return insert_list(text, stage.definition, "deps", stage.all_deps(), behind="cmd")


def _path(stage: _Stage, item: Node) -> str:
    scalar = real(item)
    if not isinstance(scalar, Scalar):
        raise NotEditable(stage.name, "one of its deps is no text")
    return scalar.value


def _loaded(text: str) -> Any:
    return _unshared(YAML(typ="safe", pure=True).load(text))


def _unshared(value: Any) -> Any:
    """A copy in which what an anchor shares is there once for each alias."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def _with_added(content: Any, added: Mapping[str, Sequence[str]]) -> Any:
    for name, paths in added.items():
        stage = content["stages"][name]
        definition = stage["do"] if "foreach" in stage else stage
        if paths:
            definition["deps"] = [*(definition.get("deps") or []), *paths]
    return content
