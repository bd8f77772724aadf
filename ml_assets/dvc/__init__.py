"""DVC without Dagster: project, manifest, runner, lock file, tracked folders, remote."""
