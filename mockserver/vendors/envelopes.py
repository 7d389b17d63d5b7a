"""The bodies that errors come in: one function for each form that a vendor publishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, str]
"""`code`, `message`, `request_id`, `title` (the HTTP reason) and `token` (a fresh refresh token)."""


def gateway(facts: Facts, switches: Mapping[str, str]) -> dict[str, Any]:
    code = facts["code"].replace("APIGW", switches["gateway-prefix"], 1)
    return {"error_msg": facts["message"], "error_code": code, "request_id": facts["request_id"]}


def service(facts: Facts, _switches: Mapping[str, str]) -> dict[str, Any]:
    return {"error_code": facts["code"], "error_msg": facts["message"]}


def cdm(facts: Facts, switches: Mapping[str, str]) -> dict[str, Any]:
    code, message = facts["code"], facts["message"]
    if switches["cdm-error-shape"] == "definition":
        return {"code": code, "errCode": code, "externalMessage": message, "message": message}
    return {"errCode": code, "externalMessage": message}


def enos(facts: Facts, switches: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"code": int(facts["code"]), "msg": facts["message"]}
    if switches["enos-request-id"] == "present":
        body["requestId"] = facts["request_id"]
    return body | {"data": None}


def iam(facts: Facts, _switches: Mapping[str, str]) -> dict[str, Any]:
    return {"error": {"code": int(facts["code"]), "message": facts["message"], "title": facts["title"]}}


def apim_token(facts: Facts, switches: Mapping[str, str]) -> dict[str, Any]:
    key = switches["apim-token-status-key"]
    return {key: int(facts["code"]), "msg": facts["message"], "business": "apim-token-service", "data": None}


def apim_status(facts: Facts, _switches: Mapping[str, str]) -> dict[str, Any]:
    status = int(facts["code"])
    return {"apim_status": status, **({"apim_refreshtoken": facts["token"]} if status == 4011 else {})}


ENVELOPES: Mapping[str, Callable[[Facts, Mapping[str, str]], dict[str, Any]]] = {
    "gateway": gateway,
    "service": service,
    "cdm": cdm,
    "enos": enos,
    "iam": iam,
    "apim-token": apim_token,
    "apim-status": apim_status,
}
