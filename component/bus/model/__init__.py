"""What the bus is about, as frozen data and pure decisions. No I/O."""
