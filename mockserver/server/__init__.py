"""The HTTP/1.1 server under `serve`, `replay`, the fixture, `running()` and the proxy: asyncio on the parser llhttp."""
