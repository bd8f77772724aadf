"""Files for people who begin: what makes a DVC repository a Dagster code location, and fresh projects."""
