"""What a landed file may be: CSV, JSON lines or Parquet, told by its suffix, and read as one kind of table."""
