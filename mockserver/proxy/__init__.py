"""`mockserver proxy`: passes everything through unchanged, and judges every exchange on the way."""

from .running import Proxy, ProxyOptions, serve_proxy

__all__ = ["Proxy", "ProxyOptions", "serve_proxy"]
