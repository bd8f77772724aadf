"""What comes of trained models: tracked in MLflow, from the ledger's records."""
