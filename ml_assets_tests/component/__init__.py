"""The component, in throw-away Dagster projects."""
