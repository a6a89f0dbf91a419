"""Recipes: YAML files in which every value says where it comes from, how they extend each other and are changed."""
