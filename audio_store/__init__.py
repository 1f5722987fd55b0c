"""Messages: recordings in, telephony WAV out, kept by the hash of their content."""
