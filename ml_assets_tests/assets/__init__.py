"""dvc.yaml as Dagster assets, materialized for real."""
