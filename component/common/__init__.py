"""What every layer may use: errors, text, languages, forms, times. Knows nothing of the bus."""
