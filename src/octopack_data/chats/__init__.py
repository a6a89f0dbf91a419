"""Questions to a language model behind any OpenAI-compatible server: asked with manners, kept, never asked twice."""
