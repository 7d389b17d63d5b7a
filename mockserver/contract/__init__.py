"""The contract kit: holds requests and answers, of whatever origin, against the definitions."""
