"""The servers: granian for `serve`, and one of our own that can break connections."""
