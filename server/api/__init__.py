"""The routes, one module per thing they serve."""
