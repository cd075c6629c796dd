"""How the kit's own weights were made."""
