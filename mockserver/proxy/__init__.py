"""`mockserver proxy`: passes everything through unchanged, and judges every exchange on the way."""

from .judge_process import JudgeProcess
from .judge_queue import JudgeQueue
from .judge_worker import JudgeSettings
from .proxy import Proxy, ProxyOptions
from .serve import serve_proxy

__all__ = ["JudgeProcess", "JudgeQueue", "JudgeSettings", "Proxy", "ProxyOptions", "serve_proxy"]
