"""A dvc.yaml, unchanged, as an orchestrated, event-driven Dagster asset graph."""
