"""Every private name of DVC that we lean on, and the changes to its behaviour: all in this package."""
