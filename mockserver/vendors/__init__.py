"""What the vendors do at the door: credentials, signatures, tokens, error envelopes."""
