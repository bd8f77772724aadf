"""The engine, over small real repositories."""
