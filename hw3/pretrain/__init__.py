"""How the weights in hw3/weights were made, one module a model."""
