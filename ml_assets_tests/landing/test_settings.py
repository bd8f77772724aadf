from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from ml_assets.landing.settings import LandingSettings


def test_a_bucket_is_enough() -> None:
    settings = LandingSettings(bucket="b")

    assert (settings.prefix, settings.into, settings.sensor) == ("landing/", "data/raw", "stopped")


def test_a_prefix_names_a_folder_and_not_the_beginning_of_others() -> None:
    assert LandingSettings(bucket="b", prefix="landing").prefix == "landing/"
    assert LandingSettings(bucket="b", prefix="").prefix == ""


@pytest.mark.parametrize(
    "wrong",
    [{"bukket": "b"}, {"contracts": "module"}, {"max_attempts": 0}, {"sensor": "on"}, {"into": "../raw"}],
)
def test_a_mistake_is_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        LandingSettings.model_validate({"bucket": "b", **wrong})


def test_settings_and_pure_functions_load_nothing_heavy() -> None:
    heavy = "{'boto3', 'polars', 'dvc', 'dagster', 'dataframely', 'pandas'}"
    code = (
        "import sys, ml_assets.landing.settings, ml_assets.landing.completeness, "
        f"ml_assets.landing.next_step, ml_assets.landing.intake, "
        f"ml_assets.demo.s3, ml_assets.demo.feed; print({heavy} & set(sys.modules))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded == "set()\n"
