"""A shell command's text as the calls that it makes."""

from __future__ import annotations

import pytest

from ml_assets.dvc.static.shell import Call, Unparsable, read_calls


def calls(text: str, **variables: str) -> list[Call]:
    return list(read_calls(text, cwd="/p", variables=variables))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("python a.py 'b c' \"d\"", [["python", "a.py", "b c", "d"]]),
        ("a x && b y; c | d & e || f", [["a", "x"], ["b", "y"], ["c"], ["d"], ["e"], ["f"]]),
        ("a\nb \\\n  c", [["a"], ["b", "c"]]),
        ("a > out.txt 2> err.txt x", [["a", "2", "x"]]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"], ["fi"]]),
        ("for x in 1 2; do a $x; done", [["for", "x", "in", "1", "2"], ["a", "$x"], ["done"]]),
        ("time a; ! b; { c; }", [["a"], ["b"], ["c"]]),
        ("a $(b c) d", [["a", "$"], ["b", "c"], ["d"]]),
        ('a "$(b c)"', [["b", "c"], ["a", "$(b c)"]]),
        ("a `b c`", [["a", "$"], ["b", "c"]]),
        ("a # b && c\nd", [["a"], ["d"]]),
        ("a 'x # y' b#c", [["a", "x # y", "b#c"]]),
        ("a <<EOF\npython not.py\nEOF\nb", [["a"], ["b"]]),
    ],
)
def test_a_command_is_its_calls_in_order(text: str, words: list[list[str]]) -> None:
    assert [list(call.words) for call in calls(text)] == words


def test_cd_is_followed_and_ends_with_its_subshell() -> None:
    found = calls("cd a && x; (cd ../b; y); z; cd /q; w")
    assert [(call.words[0], call.cwd) for call in found] == [
        ("x", "/p/a"),
        ("y", "/p/b"),
        ("z", "/p/a"),
        ("w", "/q"),
    ]


def test_variables_hold_for_their_call_or_from_there_on() -> None:
    found = calls("A=1 x; B=2; export C=3; y", D="4")
    assert [(call.words[0], dict(call.variables)) for call in found] == [
        ("x", {"A": "1", "D": "4"}),
        ("y", {"B": "2", "C": "3", "D": "4"}),
    ]


def test_variables_that_the_command_sets_are_put_in() -> None:
    (call,) = calls("S=train.py; python $S ${PWD}/x $(pwd)/y $OTHER")
    assert call.words == ("python", "train.py", "/p/x", "/p/y", "$OTHER")


def test_input_from_a_file_is_kept() -> None:
    assert calls("python - < x.py")[0].stdin == "x.py"


def test_a_quotation_without_end_is_no_command() -> None:
    with pytest.raises(Unparsable):
        calls("echo 'x")
