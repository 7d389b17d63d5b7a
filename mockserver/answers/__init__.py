"""Answers that no module draws: made from what a document says of them, its examples, schemas and errors."""
