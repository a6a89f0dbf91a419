"""TRL put together: the only room, beside packing, that knows it. Imported late, for its weight."""
