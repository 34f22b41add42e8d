"""Weights of models: what is known of their files, getting them, reading them safely."""
