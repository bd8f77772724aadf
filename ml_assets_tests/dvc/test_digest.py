"""A digest of whatever YAML makes of params."""

from __future__ import annotations

from datetime import date

from ml_assets.dvc.digest import digest_of


def test_keys_of_several_types_and_dates_have_a_digest() -> None:
    assert digest_of({"a": {1: "x", "b": date(2020, 1, 1), False: (1, 2)}}) == digest_of(
        {"a": {"False": [1, 2], "b": "2020-01-01", "1": "x"}}
    )


def test_the_order_of_keys_is_of_no_matter_and_that_of_a_list_is() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of([1, 2]) != digest_of([2, 1])
