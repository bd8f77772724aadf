"""What a landed file may be: CSV, JSON lines or Parquet, by its suffix; all are read as one kind of table."""
