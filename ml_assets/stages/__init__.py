"""The example pipeline: will this flight be disrupted? Plain scripts, run by dvc.yaml."""
