"""JSON Patch as faults use it: RFC 6902's four operations, also within strings that hold JSON, and bad input."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from mockserver.errors import InputError
from mockserver.faults.patch import TestFailed, Unpatchable, apply_patch, read_patch

DOCUMENT: dict[str, Any] = {"a": 1, "list": [10, 20, 30], "deep": {"x": [{"y": None}]}, "": 0, "a/b": 1, "m~n": 2}


def patched(document: Any, *steps: dict[str, Any]) -> Any:
    """The document after these steps, which leave the one given as it was."""
    before = copy.deepcopy(document)
    after = apply_patch(document, read_patch(list(steps)))
    assert document == before
    return after


@pytest.mark.parametrize(
    ("step", "path", "wanted"),
    [
        ({"op": "replace", "path": "/a", "value": {"b": 2}}, "a", {"b": 2}),
        ({"op": "add", "path": "/new", "value": None}, "new", None),
        ({"op": "add", "path": "/a", "value": 5}, "a", 5),
        ({"op": "add", "path": "/list/1", "value": 15}, "list", [10, 15, 20, 30]),
        ({"op": "add", "path": "/list/3", "value": 40}, "list", [10, 20, 30, 40]),
        ({"op": "add", "path": "/list/-", "value": 40}, "list", [10, 20, 30, 40]),
        ({"op": "replace", "path": "/list/0", "value": 0}, "list", [0, 20, 30]),
        ({"op": "remove", "path": "/list/1"}, "list", [10, 30]),
        ({"op": "replace", "path": "/deep/x/0/y", "value": "z"}, "deep", {"x": [{"y": "z"}]}),
        ({"op": "replace", "path": "/", "value": 1}, "", 1),
        ({"op": "replace", "path": "/a~1b", "value": 9}, "a/b", 9),
        ({"op": "replace", "path": "/m~0n", "value": 9}, "m~n", 9),
    ],
)
def test_one_step(step: dict[str, Any], path: str, wanted: Any) -> None:
    """Each operation changes what its pointer names, and nothing else."""
    assert patched(DOCUMENT, step) == {**DOCUMENT, path: wanted}


def test_remove_takes_a_member_away() -> None:
    """The member is gone, the order of the others stays."""
    assert list(patched(DOCUMENT, {"op": "remove", "path": "/list"})) == ["a", "deep", "", "a/b", "m~n"]


def test_the_whole_document() -> None:
    """The empty pointer is the document itself."""
    assert patched(DOCUMENT, {"op": "replace", "path": "", "value": []}) == []
    assert patched([1], {"op": "test", "path": "", "value": [1]}) == [1]


def test_steps_build_on_each_other() -> None:
    """A later step sees what an earlier one did."""
    steps = (
        {"op": "add", "path": "/n", "value": {}},
        {"op": "add", "path": "/n/m", "value": 1},
        {"op": "remove", "path": "/a"},
    )
    assert patched({"a": 1}, *steps) == {"n": {"m": 1}}


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [(1, 1.0, True), (1, True, False), (0, False, False), ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1}, True), ("1", 1, False)],
)
def test_test_compares_json(found: Any, wanted: Any, same: bool) -> None:
    """Numbers are equal by value, objects whatever their order; nothing else is."""
    steps = read_patch([{"op": "test", "path": "/v", "value": wanted}, {"op": "add", "path": "/ok", "value": 1}])
    if same:
        assert apply_patch({"v": found}, steps) == {"v": found, "ok": 1}
    else:
        with pytest.raises(TestFailed, match="/v"):
            apply_patch({"v": found}, steps)


@pytest.mark.parametrize(
    "form",
    [
        {"separators": (",", ":")},
        {},
        {"indent": "\t", "separators": (",", ":")},
        {"indent": 2},
        {"indent": 4, "separators": (",", ": ")},
    ],
)
def test_strings_that_hold_json_keep_their_form(form: dict[str, Any]) -> None:
    """A pointer goes on into a string, and what is written back is printed as it was, at two levels."""
    inner: dict[str, Any] = {
        "rows": [{"status": "success", "note": "你", "log": json.dumps({"step": [1]}, separators=(",", ":"))}],
        "total": 1,
    }
    text = json.dumps(inner, ensure_ascii=False, **form)
    steps = (
        {"op": "replace", "path": "/body/rows/0/status", "value": "SUCCESS"},
        {"op": "add", "path": "/body/rows/0/log/step/-", "value": 2},
    )
    changed = patched({"body": text}, *steps)["body"]
    inner["rows"][0] |= {"status": "SUCCESS", "log": '{"step":[1,2]}'}
    assert changed == json.dumps(inner, ensure_ascii=False, **form)


def test_a_test_within_a_string_leaves_its_text_alone() -> None:
    """Looking changes no character, not even of a form that could not be made again."""
    text = '{ "a" :1,"b":   [2 ]}'
    assert patched({"body": text}, {"op": "test", "path": "/body/a", "value": 1}) == {"body": text}


@pytest.mark.parametrize(
    ("path", "op", "why"),
    [
        ("/nowhere", "replace", "there is no 'nowhere'"),
        ("/lists", "remove", "did you mean 'list'?"),
        ("/nowhere/x", "add", "there is no 'nowhere'"),
        ("/list/3", "replace", "the list has 3 items, and none at 3"),
        ("/list/4", "add", "the list has 3 items, and none at 4"),
        ("/list/-", "remove", "'-' is not an index"),
        ("/list/01", "replace", "'01' is not an index"),
        ("/list/x", "add", "'x' is not an index of a list (or -)"),
        ("/a/b", "add", "nothing can be at 'b' in 1"),
        ("/deep/x/0/y/z", "add", "nothing can be at 'z' in None"),
        ("/text/x", "replace", "holds no JSON"),
        ("/number/x", "replace", "nothing can be at 'x' in '17'"),
    ],
)
def test_pointers_to_nowhere(path: str, op: str, why: str) -> None:
    """They are refused with the step and the reason, and the nearest name."""
    document = {**DOCUMENT, "text": "no json", "number": "17"}
    step = {"op": op, "path": path} | ({} if op == "remove" else {"value": 1})
    with pytest.raises(Unpatchable) as refused:
        patched(document, {"op": "test", "path": "/a", "value": 1}, step)
    assert f"patch/1 ({op} {path})" in str(refused.value)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ([], "allowed: a list of steps"),
        ({"op": "add"}, "allowed: a list of steps"),
        (["add"], "patch/0 is 'add'"),
        ([{"op": "replaced", "path": "/a", "value": 1}], "did you mean 'replace'?"),
        ([{"op": "move", "path": "/a", "from": "/b"}], "'from'"),
        ([{"op": "copy", "path": "/a"}], "allowed: add, replace, remove, test"),
        ([{"op": 1, "path": "/a"}], "patch/0/op is 1"),
        ([{"op": "add", "path": "a", "value": 1}], "patch/0/path is 'a'"),
        ([{"op": "add", "path": "/a~2", "value": 1}], "a JSON pointer"),
        ([{"op": "add", "path": 1, "value": 1}], "patch/0/path is 1"),
        ([{"op": "add", "path": "/a"}], "add needs one"),
        ([{"op": "remove", "path": "/a", "value": 1}], "remove with a path alone"),
        ([{"op": "remove", "path": ""}], "removes the whole document"),
        ([{"op": "add", "path": "/a", "valeu": 1}], "did you mean 'value'?"),
        ([{"op": "add", "path": "/a", "value": {1}}], "patch/0/value is not JSON"),
        ([{"op": "add", "path": "/a", "value": float("nan")}], "patch/0/value is not JSON"),
        ([{"op": "test", "path": "/a", "value": 1}, 5], "patch/1 is 5"),
    ],
)
def test_what_is_no_patch(patch: Any, why: str) -> None:
    """A mistake in a patch is refused when it is declared: the step, what was found, what is allowed."""
    with pytest.raises(InputError) as refused:
        read_patch(patch)
    assert why in str(refused.value)
