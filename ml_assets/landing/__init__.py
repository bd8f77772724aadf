"""From objects in a bucket to files that DVC tracks: list, plan, fetch, check, commit."""
