"""The whole language of DVC's pipelines: each feature, beside what DVC itself makes of it."""
