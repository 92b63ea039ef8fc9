"""The pure core: no Prefect, no I/O, no environment and no clock."""
