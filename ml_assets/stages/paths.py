"""Where the stages read and write, relative to the project's root; dvc.yaml names the same paths."""

from __future__ import annotations

from pathlib import Path

PARAMS = Path("params.yaml")
RAW_FLIGHTS = Path("data/raw/flights")
RAW_WEATHER = Path("data/raw/weather")
PROCESSED = Path("data/processed")
FEATURES = Path("data/features")
MODEL = Path("models/model.joblib")
CARD = Path("models/card.json")
METRICS = Path("evaluation/metrics.json")
PLOTS = Path("evaluation/plots")
