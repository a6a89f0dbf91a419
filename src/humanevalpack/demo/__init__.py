"""The whole chain shown on the spot: a tiny model learns a few problems, and lm_eval measures that it did."""
