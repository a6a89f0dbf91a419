"""What a training run is told: one typed, frozen class a concern, put together in ``training.py``."""
