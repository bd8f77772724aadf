"""One small module a check, or a few that look at the same thing; `doctor.registry` lists them."""
